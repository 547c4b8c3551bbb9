#include "turns.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "study_impl.h"

/* When a point is run. */
struct turn {
    const cJSON *point;
    size_t number; /* in the plan */
    int size;      /* log2 of the estimate */
    char *key;     /* of its data */
    size_t leg;    /* those before it are taken */
    bool over;     /* there is nothing left to take */
};

struct mu_turns {
    const char *directory;
    struct mu_stopping *stopping;
    struct turn *order; /* the points, longest first */
    size_t n, cursor;   /* points before it are over */
};

static double estimate_of(const cJSON *point) {
    return mu_number_in(point, "estimate", 0);
}

/* Of points of about the same length those with the same data follow each other; candidates of a search in their
 * order. */
static int by_size(const void *a, const void *b) {
    const struct turn *x = a, *y = b;
    const double s = estimate_of(x->point), t = estimate_of(y->point);
    const int keys = strcmp(x->key, y->key);
    if (x->size != y->size) {
        return x->size < y->size ? 1 : -1;
    }
    if (keys != 0 || s != t) {
        return keys != 0 ? keys : s < t ? 1 : -1;
    }
    return x->number < y->number ? -1 : 1;
}

static int sort_points(struct mu_turns *t, const cJSON *plan, struct mu_err *err) {
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(plan, "points"), *point;
    t->n = (size_t)cJSON_GetArraySize(points);
    t->order = mu_alloc(t->n, sizeof *t->order, err);
    if (t->order == NULL) {
        return err->code;
    }
    struct turn *turn = t->order;
    size_t number = 0;
    cJSON_ArrayForEach(point, points) {
        turn->point = point;
        turn->number = number++;
        turn->size = ilogb(fmax(estimate_of(point), 1));
        MU_TRY(mu_kept_key(cJSON_GetObjectItemCaseSensitive(point, "config"), &turn->key, err));
        turn++;
    }
    qsort(t->order, t->n, sizeof *t->order, by_size);
    return MU_OK;
}

static void claim_path(char path[static 4400], const char *directory, const char *what, size_t number) {
    snprintf(path, 4400, "%s/.claims/%s-%zu", directory, what, number);
}

/* Makes a file in DIR/.claims; false if it is there already. One more name of a file that is there costs a third of a
 * new file, where there may be several names. */
static bool claim(const struct mu_turns *t, const char *what, size_t number) {
    char path[4400], plan[4400];
    claim_path(path, t->directory, what, number);
    snprintf(plan, sizeof plan, "%s/plan.json", t->directory);
    if (link(plan, path) == 0) {
        return true;
    }
    if (errno == EEXIST) {
        return false;
    }
    const int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (file >= 0) {
        close(file);
    }
    return file >= 0;
}

bool mu_turns_claimed(const char *directory, const char *what, size_t number) {
    char path[4400];
    claim_path(path, directory, what, number);
    return access(path, F_OK) == 0;
}

static void leg_name(char name[static 40], const char *what, size_t leg) {
    snprintf(name, 40, "%s-%zu", what, leg);
}

/* For mu_stopping: the last leg has ended when the point has. */
static bool has_settled(const void *context, size_t point, size_t leg) {
    const struct mu_turns *t = context;
    char name[40];
    leg_name(name, "rung", leg);
    return leg + 1 < mu_stopping_legs(t->stopping)
               ? mu_turns_claimed(t->directory, name, point)
               : mu_turns_claimed(t->directory, "done", point) || mu_turns_claimed(t->directory, "failed", point);
}

int mu_turns_new(struct mu_turns **turns, const cJSON *plan, const char *directory, struct mu_err *err) {
    struct mu_turns *t = mu_alloc(1, sizeof *t, err);
    *turns = t;
    if (t == NULL) {
        return err->code;
    }
    t->directory = directory;
    int code = sort_points(t, plan, err);
    code = code != MU_OK ? code : mu_stopping_new(&t->stopping, plan, directory, has_settled, t, err);
    if (code != MU_OK) {
        mu_turns_free(t);
        *turns = NULL;
    }
    return code;
}

void mu_turns_free(struct mu_turns *t) {
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; t->order != NULL && i < t->n; i++) {
        mu_free(t->order[i].key);
    }
    mu_stopping_free(t->stopping);
    mu_free(t->order);
    mu_free(t);
}

/* There is nothing left to run of the point: it is said so, if that is not because it has ended. */
static void close_turn(struct mu_turns *t, struct turn *turn) {
    const enum mu_outcome outcome = mu_stopping_outcome(t->stopping, turn->number);
    turn->over = true;
    if (outcome == MU_OUTCOME_STOPPED || outcome == MU_OUTCOME_SKIPPED) {
        (void)claim(t, outcome == MU_OUTCOME_STOPPED ? "stopped" : "skipped", turn->number);
    }
}

/* The first leg of the point that nobody has taken, if it can be run. */
static enum mu_turn take_turn(struct mu_turns *t, struct turn *turn, size_t *leg) {
    while (turn->leg < mu_stopping_legs(t->stopping)) {
        const enum mu_turn when = mu_stopping_turn(t->stopping, turn->number, turn->leg);
        if (when != MU_TURN_NOW) {
            return when;
        }
        char name[40];
        leg_name(name, "taken", turn->leg);
        *leg = turn->leg++;
        if (claim(t, name, turn->number)) {
            return MU_TURN_NOW;
        }
    }
    return MU_TURN_OVER;
}

enum mu_turn mu_turns_take(struct mu_turns *t, struct mu_leg *leg) {
    enum mu_turn all = MU_TURN_OVER;
    mu_stopping_look(t->stopping);
    while (t->cursor < t->n && t->order[t->cursor].over) {
        t->cursor++;
    }
    for (size_t i = t->cursor; i < t->n; i++) {
        struct turn *const turn = &t->order[i];
        if (turn->over) {
            continue;
        }
        const enum mu_turn when = take_turn(t, turn, &leg->leg);
        if (when == MU_TURN_NOW) {
            leg->turn = i;
            return MU_TURN_NOW;
        }
        if (when == MU_TURN_OVER) {
            close_turn(t, turn);
        } else {
            all = MU_TURN_WAIT;
        }
    }
    return all;
}

const cJSON *mu_turns_point(const struct mu_turns *t, size_t turn) {
    return t->order[turn].point;
}

struct mu_pause mu_turns_pause(const struct mu_turns *t, struct mu_leg leg) {
    return mu_stopping_pause(t->stopping, leg.leg);
}

bool mu_turns_passed(struct mu_turns *t, struct mu_leg leg) {
    return mu_stopping_passed(t->stopping, t->order[leg.turn].number, leg.leg);
}

int mu_turns_rest(struct mu_turns *t, struct mu_leg leg, bool ran, struct mu_err *err) {
    const size_t number = t->order[leg.turn].number;
    char name[40];
    if (ran) {
        MU_TRY(mu_stopping_note(t->stopping, number, leg.leg, err));
    }
    leg_name(name, "rung", leg.leg);
    (void)claim(t, name, number);
    return MU_OK;
}

void mu_turns_end(struct mu_turns *t, struct mu_leg leg, bool failed) {
    const size_t number = t->order[leg.turn].number;
    if (mu_stopping_waits(t->stopping)) {
        (void)claim(t, failed ? "failed" : "done", number);
    }
    mu_stopping_look(t->stopping);
    if (failed && mu_stopping_outcome(t->stopping, number) == MU_OUTCOME_REJECTED) {
        (void)claim(t, "skipped", number);
    }
}

void mu_turns_leave(struct mu_turns *t, size_t group) {
    (void)claim(t, "group", group);
}

bool mu_turns_left(const struct mu_turns *t, size_t group) {
    return mu_turns_claimed(t->directory, "group", group);
}
