/* Where the points of a study stand, and what follows from it. */
#include "stopping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "rung_file.h"
#include "study_impl.h"

/* A point, as far as it is known. */
struct state {
    const cJSON *point;
    size_t class;
    size_t n; /* rungs that it has come to, as noted */
    struct mu_standing *at;
    bool ended;
    struct mu_standing end;
    size_t look, leg;          /* the last one that found this leg under way */
    struct mu_verdict verdict; /* `by` is a point of the study */
    size_t rung;               /* of the verdict, unless it is to go on */
};

/* Points that are compared with each other, in the order of the plan. */
struct class {
    size_t n, judged; /* rungs that have been decided */
    size_t known;     /* members before this one are known at the next */
    size_t *member;
};

struct mu_stopping {
    const cJSON *plan;
    const char *directory;
    mu_settled settled;
    const void *context;
    struct mu_early_stopping options;
    const char *search; /* the pointer, NULL: there is none */
    size_t n, classes;
    size_t look; /* counts them */
    struct state *state;
    struct class *class;
    size_t *members;          /* of all classes */
    struct mu_standing *room; /* n of them, and of the next */
    struct mu_verdict *verdict;
};

static const char *name_of(const struct state *p) {
    return cJSON_GetObjectItemCaseSensitive(p->point, "name")->valuestring;
}

/* Looks at what is new of a point; true if it is known how it did in a leg. Only what has been settled is looked at: a
 * resumed sweep may yet change the rest. */
static bool is_known(const struct mu_stopping *s, size_t point, size_t leg) {
    struct state *const p = &s->state[point];
    const size_t last = s->options.rungs.n;
    if (leg < p->n || p->ended) {
        return true;
    }
    if (p->look == s->look && p->leg == leg) {
        return false; /* a thousand points may wait for this one */
    }
    const bool ended = s->settled == NULL || s->settled(s->context, point, last);
    if (ended || (leg < last && s->settled(s->context, point, leg))) {
        char place[4400];
        mu_point_directory(place, s->directory, name_of(p));
        p->n = mu_rung_file_read(place, s->options.metric, last, p->at);
        p->ended = ended && mu_rung_file_end(place, s->options.metric, &p->end);
    }
    p->look = s->look;
    p->leg = leg;
    return leg < p->n || p->ended;
}

/* The points of a class that have come to a rung; false if one of them is still on its way. */
static bool gather(const struct mu_stopping *s, struct class *c, size_t rung) {
    for (; c->known < c->n; c->known++) {
        const size_t point = c->member[c->known];
        if (s->state[point].verdict.fate == MU_FATE_ON && !is_known(s, point, rung)) {
            return false;
        }
    }
    c->known = 0; /* for the next rung */
    for (size_t i = 0; i < c->n; i++) {
        const struct state *const p = &s->state[c->member[i]];
        const struct mu_standing out = {.absent = true};
        s->room[i] = p->verdict.fate != MU_FATE_ON ? out : rung < p->n ? p->at[rung] : p->end;
    }
    return true;
}

/* Decides what can be decided. A point that has gone on all the same, or has ended, stays as it is: that happens only
 * when one that failed then was run again later. */
static void judge(const struct mu_stopping *s, struct class *c) {
    while (c->judged < s->options.rungs.n && gather(s, c, c->judged)) {
        mu_rung_judge(c->n, s->room, s->options.eta, s->options.dominated, s->verdict);
        for (size_t i = 0; i < c->n; i++) {
            struct state *const p = &s->state[c->member[i]];
            if (s->verdict[i].fate != MU_FATE_ON && !p->ended && p->n == c->judged + 1) {
                p->verdict = (struct mu_verdict){s->verdict[i].fate, c->member[s->verdict[i].by]};
                p->rung = c->judged;
            }
        }
        c->judged++;
    }
}

static bool is_candidate(const struct mu_stopping *s, size_t point) {
    return s->search != NULL &&
           cJSON_HasObjectItem(cJSON_GetObjectItemCaseSensitive(s->state[point].point, "values"), s->search);
}

/* Whether all candidates before this one have diverged (NOW), one of them has not (OVER), or that is not known yet. */
static enum mu_turn look_before(const struct mu_stopping *s, size_t point) {
    const struct class *const c = &s->class[s->state[point].class];
    for (size_t i = 0; i < c->n && c->member[i] != point; i++) {
        if (!is_known(s, c->member[i], s->options.rungs.n)) {
            return MU_TURN_WAIT;
        }
        if (!s->state[c->member[i]].end.diverged) {
            return MU_TURN_OVER;
        }
    }
    return MU_TURN_NOW;
}

void mu_stopping_look(struct mu_stopping *s) {
    s->look++;
}

enum mu_turn mu_stopping_turn(struct mu_stopping *s, size_t point, size_t leg) {
    struct state *const p = &s->state[point];
    if (is_candidate(s, point)) {
        return look_before(s, point);
    }
    if (leg == 0) {
        return MU_TURN_NOW;
    }
    if (is_known(s, point, leg - 1) && p->ended && p->n < leg) {
        return MU_TURN_OVER;
    }
    judge(s, &s->class[p->class]);
    if (p->verdict.fate != MU_FATE_ON || (p->ended && p->n < leg)) {
        return MU_TURN_OVER;
    }
    return s->class[p->class].judged >= leg ? MU_TURN_NOW : MU_TURN_WAIT;
}

bool mu_stopping_passed(struct mu_stopping *s, size_t point, size_t leg) {
    char place[4400];
    mu_point_directory(place, s->directory, name_of(&s->state[point]));
    return leg < s->options.rungs.n && mu_rung_file_count(place) > leg;
}

int mu_stopping_note(struct mu_stopping *s, size_t point, size_t leg, struct mu_err *err) {
    char place[4400];
    mu_point_directory(place, s->directory, name_of(&s->state[point]));
    return mu_rung_file_note(place, leg, err);
}

size_t mu_stopping_legs(const struct mu_stopping *s) {
    return s->options.rungs.n + 1;
}

bool mu_stopping_waits(const struct mu_stopping *s) {
    return s->options.rungs.n > 0 || s->search != NULL;
}

struct mu_pause mu_stopping_pause(const struct mu_stopping *s, size_t leg) {
    struct mu_pause pause = {0};
    if (leg < s->options.rungs.n) {
        const double at = s->options.rungs.v[leg];
        pause.steps = s->options.by == MU_RUNG_STEPS ? (uint64_t)at : 0;
        pause.updates = s->options.by == MU_RUNG_UPDATES ? (uint64_t)at : 0;
        pause.time_ns = s->options.by == MU_RUNG_TIME ? (uint64_t)llround(at * (double)MU_SECOND) : 0;
    }
    return pause;
}

enum mu_outcome mu_stopping_outcome(struct mu_stopping *s, size_t point) {
    struct state *const p = &s->state[point];
    if (is_candidate(s, point)) {
        const enum mu_turn before = look_before(s, point);
        if (before != MU_TURN_NOW || !is_known(s, point, s->options.rungs.n)) {
            return before == MU_TURN_OVER && !p->ended ? MU_OUTCOME_SKIPPED : MU_OUTCOME_RUN;
        }
        const struct class *const c = &s->class[p->class];
        return !p->end.diverged               ? MU_OUTCOME_KEPT
               : c->member[c->n - 1] == point ? MU_OUTCOME_EXHAUSTED
                                              : MU_OUTCOME_REJECTED;
    }
    if (s->options.rungs.n == 0) {
        return MU_OUTCOME_RUN;
    }
    judge(s, &s->class[p->class]);
    return p->verdict.fate != MU_FATE_ON ? MU_OUTCOME_STOPPED : MU_OUTCOME_RUN;
}

bool mu_stopping_not_private(const struct mu_stopping *s, size_t point) {
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(s->state[point].point, "config");
    const cJSON *privacy = cJSON_GetObjectItemCaseSensitive(config, "privacy");
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(privacy, "kind"));
    const bool looks = s->search != NULL || s->options.rungs.n > 0 || s->options.diverged.evaluations != MU_UNSET;
    return looks && kind != NULL && strcmp(kind, "none") != 0;
}

static void print_stop(const struct mu_stopping *s, const struct state *p, FILE *out) {
    static const char *const units[] = {" steps", " updates", " s"};
    fprintf(out, "stopped at %.9g%s: ", s->options.rungs.v[p->rung], units[s->options.by]);
    if (p->verdict.fate == MU_FATE_HALVED) {
        fprintf(out, "not among the best 1 in %.9g by %s", s->options.eta, mu_rung_metrics[s->options.metric]);
    } else {
        fprintf(out, "dominated by %s", name_of(&s->state[p->verdict.by]));
    }
}

/* The caller's to free(). */
static char *make_note(const struct mu_stopping *s, size_t point, enum mu_outcome outcome) {
    static const char *const search[] = {
        [MU_OUTCOME_KEPT] = "the first value that did not diverge",
        [MU_OUTCOME_REJECTED] = "diverged, so the next value was tried",
        [MU_OUTCOME_EXHAUSTED] = "diverged, as all values before it did",
        [MU_OUTCOME_SKIPPED] = "not run: an earlier value did not diverge",
    };
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (out == NULL) {
        return NULL;
    }
    if (outcome == MU_OUTCOME_STOPPED) {
        print_stop(s, &s->state[point], out);
    } else if (outcome != MU_OUTCOME_RUN) {
        fputs(search[outcome], out);
    }
    if (mu_stopping_not_private(s, point)) {
        fprintf(out, "%snot private: points are %s by looking at the data, which epsilon does not include",
                ftell(out) > 0 ? "; " : "", s->search != NULL ? "selected" : "stopped");
    }
    fclose(out);
    return text;
}

void mu_stopping_describe(struct mu_stopping *s, size_t point, cJSON *row) {
    static const char *const words[] = {
        [MU_OUTCOME_KEPT] = "kept",       [MU_OUTCOME_REJECTED] = "rejected", [MU_OUTCOME_EXHAUSTED] = "exhausted",
        [MU_OUTCOME_SKIPPED] = "skipped", [MU_OUTCOME_STOPPED] = NULL,        [MU_OUTCOME_RUN] = NULL};
    const struct state *const p = &s->state[point];
    const enum mu_outcome outcome = mu_stopping_outcome(s, point);
    if (s->search != NULL) {
        const char *word = words[outcome];
        cJSON_AddItemToObject(row, "search", word != NULL ? cJSON_CreateString(word) : cJSON_CreateNull());
    }
    if (s->options.rungs.n > 0) {
        const bool stopped = outcome == MU_OUTCOME_STOPPED;
        const char *why = p->verdict.fate == MU_FATE_HALVED ? "halving" : "dominated";
        cJSON_AddItemToObject(row, "stopped_by", stopped ? cJSON_CreateString(why) : cJSON_CreateNull());
        cJSON_AddItemToObject(row, "stopped_at",
                              stopped ? cJSON_CreateNumber(s->options.rungs.v[p->rung]) : cJSON_CreateNull());
    }
    if (cJSON_HasObjectItem(s->plan, "early_stopping") || s->search != NULL) {
        char *note = make_note(s, point, outcome);
        cJSON_AddItemToObject(row, "note",
                              note != NULL && note[0] != '\0' ? cJSON_CreateString(note) : cJSON_CreateNull());
        free(note);
    }
}

/* Deals the points out to their classes. */
static void fill_classes(struct mu_stopping *s) {
    for (size_t i = 0; i < s->n; i++) {
        s->class[s->state[i].class].n++;
    }
    size_t *next = s->members;
    for (size_t c = 0; c < s->classes; c++) {
        s->class[c].member = next;
        next += s->class[c].n;
        s->class[c].n = 0;
    }
    for (size_t i = 0; i < s->n; i++) {
        struct class *const c = &s->class[s->state[i].class];
        c->member[c->n++] = i;
    }
}

static int allocate(struct mu_stopping *s, struct mu_err *err) {
    const size_t rungs = s->options.rungs.n;
    struct mu_standing *at = NULL;
    s->state = mu_alloc(s->n, sizeof *s->state, err);
    s->class = mu_alloc(s->n, sizeof *s->class, err); /* there may be as many */
    s->members = mu_alloc(s->n, sizeof *s->members, err);
    s->room = mu_alloc(s->n * (1 + rungs), sizeof *s->room, err);
    s->verdict = mu_alloc(s->n, sizeof *s->verdict, err);
    if (err->code != MU_OK) {
        return err->code;
    }
    at = s->room + s->n;
    const cJSON *point = cJSON_GetObjectItemCaseSensitive(s->plan, "points")->child;
    for (size_t i = 0; i < s->n; i++, point = point->next, at += rungs) {
        const size_t class = (size_t)mu_number_in(point, "class", 0);
        s->state[i] = (struct state){.point = point, .class = class, .at = at};
        s->classes = class >= s->classes ? class + 1 : s->classes;
    }
    fill_classes(s);
    return MU_OK;
}

int mu_stopping_new(struct mu_stopping **stopping, const cJSON *plan, const char *directory, mu_settled settled,
                    const void *context, struct mu_err *err) {
    struct mu_stopping *s = mu_alloc(1, sizeof *s, err);
    *stopping = s;
    if (s == NULL) {
        return err->code;
    }
    s->plan = plan;
    s->directory = directory;
    s->settled = settled;
    s->context = context;
    s->look = 1;
    s->search = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plan, "search"));
    s->n = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "points"));
    int code = mu_group_parse(&mu_early_stopping_group, cJSON_GetObjectItemCaseSensitive(plan, "early_stopping"),
                              "plan.json", "/early_stopping", &s->options, err);
    code = code != MU_OK ? code : allocate(s, err);
    if (code != MU_OK) {
        mu_stopping_free(s);
        *stopping = NULL;
    }
    return code;
}

void mu_stopping_free(struct mu_stopping *s) {
    if (s == NULL) {
        return;
    }
    mu_group_clear(&mu_early_stopping_group, &s->options);
    mu_free(s->state);
    mu_free(s->class);
    mu_free(s->members);
    mu_free(s->room);
    mu_free(s->verdict);
    mu_free(s);
}
