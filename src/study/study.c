/* The schedule of a study. Groups of ranks take the next point each, the longest first. Whose a point is, is decided by
 * who makes its file in DIR/.claims first: no rank has to answer questions while it trains, and the order in which
 * points are done has no say in their results. */
#include "muster/study/study.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/clock.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/run/run.h"
#include "study_impl.h"

/* When a point is run. */
struct turn {
    const cJSON *point;
    int size;  /* log2 of the estimate */
    char *key; /* of its data */
};

struct study {
    const cJSON *plan;
    const struct mu_study_options *options;
    struct mu_comm *all, *group;
    struct turn *order; /* the points, longest first */
    size_t n;
    int groups, color;
    bool leads, interrupted;
    size_t cursor; /* points before it are taken */
    struct mu_kept kept;
};

static double number(const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* Of points of about the same length those with the same data follow each other. */
static int by_size(const void *a, const void *b) {
    const struct turn *x = a, *y = b;
    const double s = number(x->point, "estimate"), t = number(y->point, "estimate");
    const int keys = strcmp(x->key, y->key);
    if (x->size != y->size) {
        return x->size < y->size ? 1 : -1;
    }
    if (keys != 0 || s != t) {
        return keys != 0 ? keys : s < t ? 1 : -1;
    }
    return strcmp(cJSON_GetObjectItemCaseSensitive(x->point, "name")->valuestring,
                  cJSON_GetObjectItemCaseSensitive(y->point, "name")->valuestring);
}

static int sort_points(struct study *s, struct mu_err *err) {
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(s->plan, "points");
    s->n = (size_t)cJSON_GetArraySize(points);
    s->order = mu_alloc(s->n, sizeof *s->order, err);
    if (s->order == NULL) {
        return err->code;
    }
    struct turn *turn = s->order;
    for (const cJSON *point = points->child; point != NULL; point = point->next, turn++) {
        turn->point = point;
        turn->size = ilogb(fmax(number(point, "estimate"), 1));
        MU_TRY(mu_kept_key(cJSON_GetObjectItemCaseSensitive(point, "config"), &turn->key, err));
    }
    qsort(s->order, s->n, sizeof *s->order, by_size);
    return MU_OK;
}

static void free_order(struct study *s) {
    for (size_t i = 0; s->order != NULL && i < s->n; i++) {
        mu_free(s->order[i].key);
    }
    mu_free(s->order);
}

/* Makes a file in DIR/.claims; false if it is there already. */
static bool claim(const struct study *s, const char *what, size_t number_) {
    char path[4400];
    snprintf(path, sizeof path, "%s/.claims/%s-%zu", s->options->directory, what, number_);
    const int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (file >= 0) {
        close(file);
    }
    return file >= 0;
}

static bool claimed(const struct study *s, const char *what, size_t number_) {
    char path[4400];
    snprintf(path, sizeof path, "%s/.claims/%s-%zu", s->options->directory, what, number_);
    return access(path, F_OK) == 0;
}

static void show_progress(const struct study *s) {
    size_t done = 0, failed = 0;
    if (mu_comm_rank(s->all) != 0 || s->options->progress == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        done += claimed(s, "done", i);
        failed += claimed(s, "failed", i);
    }
    s->options->progress(s->options->context, done, failed, s->n);
}

/* A failure before the run had a directory leaves its trace there, too. */
static void note_failure(const char *directory, const struct mu_err *failure) {
    char path[4400], *text = NULL;
    struct mu_err ignored = {0};
    snprintf(path, sizeof path, "%.4300s/status.json", directory);
    if (access(path, F_OK) == 0) {
        mu_run_note_failure(directory, failure);
        return;
    }
    cJSON *status = cJSON_CreateObject();
    cJSON_AddStringToObject(status, "state", "failed");
    cJSON *error = cJSON_AddObjectToObject(status, "error");
    cJSON_AddNumberToObject(error, "code", failure->code);
    cJSON_AddStringToObject(error, "place", failure->place);
    cJSON_AddStringToObject(error, "text", failure->text);
    cJSON_AddStringToObject(error, "help", failure->help);
    if (mu_dir_create(directory, &ignored) == MU_OK && mu_json_print(status, &text, &ignored) == MU_OK) {
        (void)mu_file_replace(path, text, strlen(text), &ignored);
    }
    mu_free(text);
    cJSON_Delete(status);
}

/* Collective over the group. What is there of the point decides whether it goes on or starts anew. */
static int run_point(struct study *s, const cJSON *point, struct mu_run_result *result, struct mu_err *err) {
    char directory[4400], config[4400];
    const char *file = cJSON_GetObjectItemCaseSensitive(s->plan, "file")->valuestring;
    struct mu_scenario scenario = {0};
    mu_point_directory(directory, s->options->directory, cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring);
    snprintf(config, sizeof config, "%.4300s/config.json", directory);
    bool resume = s->leads && s->options->resume && access(config, F_OK) == 0;
    mu_comm_bcast(s->group, &resume, sizeof resume);
    MU_TRY(mu_group_parse(&mu_scenario_group, cJSON_GetObjectItemCaseSensitive(point, "config"), file, "", &scenario,
                          err));
    struct mu_run_options options = {.directory = directory,
                                     .force = !resume,
                                     .resume = resume,
                                     .progress = MU_PROGRESS_QUIET,
                                     .interrupted = s->options->interrupted};
    int code =
        mu_kept_get(&s->kept, cJSON_GetObjectItemCaseSensitive(point, "config"), file, s->group, &options.data, err);
    code = code != MU_OK ? code : mu_run(file, &scenario, &options, s->group, result, err);
    if (resume && options.data != NULL && code != MU_OK && code != MU_DIVERGED) {
        /* Killed so early, or so late, that what is there is of no use. */
        *err = (struct mu_err){0};
        options.force = true;
        options.resume = false;
        code = mu_run(file, &scenario, &options, s->group, result, err);
    }
    mu_scenario_clear(&scenario);
    return code;
}

/* The next point for this group, s->n if there is none. The leader decides. */
static size_t next_point(struct study *s) {
    if (s->leads) {
        const bool stop = s->options->interrupted != NULL && s->options->interrupted();
        s->interrupted |= stop;
        while (!stop && s->cursor < s->n && !claim(s, "taken", s->cursor)) {
            s->cursor++;
        }
    }
    size_t next = s->interrupted ? s->n : s->cursor;
    mu_comm_bcast(s->group, &next, sizeof next);
    return next;
}

/* Whether an earlier sweep has brought the point to its end: it is done, or diverges whenever it is run. */
static bool has_ended(const struct study *s, const cJSON *point, bool *failed) {
    char directory[4400], state[16];
    int code = 0;
    mu_point_directory(directory, s->options->directory, cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring);
    mu_point_state(directory, state, &code);
    *failed = strcmp(state, "failed") == 0 && code == MU_DIVERGED;
    return *failed || strcmp(state, "done") == 0;
}

static void work(struct study *s) {
    for (size_t i; (i = next_point(s)) < s->n;) {
        struct mu_err failure = {0};
        struct mu_run_result result = {0};
        bool verdict[2] = {false, false};
        if (s->leads && s->options->resume) {
            verdict[0] = has_ended(s, s->order[i].point, &verdict[1]);
        }
        mu_comm_bcast(s->group, verdict, sizeof verdict);
        if (!verdict[0]) {
            const int code = run_point(s, s->order[i].point, &result, &failure);
            verdict[1] = code != MU_OK;
            if (code == MU_OK && !result.already_done && result.end == MU_END_INTERRUPTED) {
                s->interrupted = true;
                continue;
            }
        }
        if (s->leads) {
            if (failure.code != MU_OK) {
                char directory[4400];
                mu_point_directory(directory, s->options->directory,
                                   cJSON_GetObjectItemCaseSensitive(s->order[i].point, "name")->valuestring);
                note_failure(directory, &failure);
            }
            claim(s, verdict[1] ? "failed" : "done", i);
        }
        show_progress(s);
    }
    if (s->leads) {
        claim(s, "group", (size_t)s->color);
    }
}

/* Rank 0 has nothing left to do but to tell how the others get on. */
static void await_others(struct study *s) {
    size_t ended = 0;
    while (mu_comm_rank(s->all) == 0 && ended < (size_t)s->groups) {
        if (!claimed(s, "group", ended)) {
            usleep(20000);
            show_progress(s);
            continue;
        }
        ended++;
    }
    mu_comm_barrier(s->all);
}

/* Rank 0: an empty directory, one that is to be overwritten, or the one of this very plan. */
static int prepare(const struct study *s, int *lock, struct mu_err *err) {
    char plan_path[4400], claims[4400], points[4400], *text = NULL, *then = NULL;
    const char *directory = s->options->directory;
    size_t n = 0;
    snprintf(plan_path, sizeof plan_path, "%s/plan.json", directory);
    snprintf(claims, sizeof claims, "%s/.claims", directory);
    snprintf(points, sizeof points, "%s/points", directory);
    const bool there = access(plan_path, F_OK) == 0;
    if ((there || access(points, F_OK) == 0) && !s->options->resume && !s->options->force) {
        mu_fail(err, MU_IO, directory, "there is a study already");
        return mu_fail_help(err, "choose another directory with -o, go on with --resume, or overwrite it with --force");
    }
    MU_TRY(mu_dir_create(directory, err));
    *lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const double until = mu_monotonic_s() + 5;
    while (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (mu_monotonic_s() > until) {
            return mu_fail(err, MU_IO, directory, "another muster is writing its results there");
        }
        usleep(20000);
    }
    int code = mu_json_print(s->plan, &text, err);
    if (code == MU_OK && s->options->resume && there) {
        code = mu_file_read(plan_path, 1u << 30, &then, &n, err);
        if (code == MU_OK && strcmp(text, then) != 0) {
            mu_fail(err, MU_BAD_CONFIG, directory, "the study was started with another sweep or base config");
            code = mu_fail_help(err, "choose another directory with -o, or start anew with --force");
        }
    } else if (code == MU_OK) {
        code = s->options->force ? mu_dir_remove(points, err) : MU_OK;
        code = code != MU_OK ? code : mu_file_replace(plan_path, text, strlen(text), err);
    }
    code = code != MU_OK ? code : mu_dir_remove(claims, err);
    code = code != MU_OK ? code : mu_dir_create(claims, err);
    code = code != MU_OK ? code : mu_dir_create(points, err);
    mu_free(text);
    mu_free(then);
    return code;
}

/* Collective: rank 0's plan on every rank, *copy on the others to delete. */
static int spread_plan(const cJSON *plan, struct mu_comm *comm, cJSON **copy, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    char *text = NULL;
    MU_TRY(mu_comm_agree(comm, root ? mu_json_print(plan, &text, err) : MU_OK, err));
    size_t n = root ? strlen(text) : 0;
    mu_comm_bcast(comm, &n, sizeof n);
    if (!root) {
        text = mu_alloc(n + 1, 1, err);
    }
    int code = mu_comm_agree(comm, text != NULL ? MU_OK : err->code, err);
    if (code == MU_OK) {
        mu_comm_bcast(comm, text, n);
        code = root ? MU_OK : mu_json_parse("plan.json", text, n, copy, err);
        code = mu_comm_agree(comm, code, err);
    }
    mu_free(text);
    return code;
}

static int schedule(struct study *s, struct mu_err *err) {
    const int ranks = mu_comm_size(s->all), wanted = (int)number(s->plan, "ranks_per_point");
    const int each = wanted < 1 ? 1 : wanted > ranks ? ranks : wanted;
    s->groups = ranks / each;
    s->color = mu_comm_rank(s->all) / each;
    s->color = s->color < s->groups ? s->color : s->groups - 1; /* ranks left over help the last group */
    MU_TRY(mu_comm_agree(s->all, sort_points(s, err), err));
    s->group = mu_comm_split(s->all, s->color);
    if (s->group == NULL) {
        mu_comm_abort(s->all, MU_RANK_FAILED);
    }
    s->leads = mu_comm_rank(s->group) == 0;
    show_progress(s);
    work(s);
    mu_kept_clear(&s->kept);
    mu_comm_stop(s->group);
    await_others(s);
    return MU_OK;
}

int mu_study_run(const cJSON *plan, const struct mu_study_options *options, struct mu_comm *comm,
                 struct mu_study_result *result, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    struct study s = {.plan = plan, .options = options, .all = comm};
    cJSON *copy = NULL;
    int lock = -1;
    *result = (struct mu_study_result){0};
    int code = mu_comm_agree(comm, root ? prepare(&s, &lock, err) : MU_OK, err);
    if (code == MU_OK && (code = spread_plan(plan, comm, &copy, err)) == MU_OK) {
        s.plan = root ? plan : copy;
        code = schedule(&s, err);
    }
    if (code == MU_OK) {
        if (root) {
            char claims[4400];
            code = mu_study_collect(plan, options->directory, result, err);
            snprintf(claims, sizeof claims, "%s/.claims", options->directory);
            code = code != MU_OK ? code : mu_dir_remove(claims, err);
        }
        code = mu_comm_agree(comm, code, err);
        mu_comm_bcast(comm, result, sizeof *result);
        result->interrupted = options->interrupted != NULL && options->interrupted() && result->missing > 0;
    }
    free_order(&s);
    cJSON_Delete(copy);
    if (lock >= 0) {
        close(lock);
    }
    return code;
}
