/* Running a study: prepare its directory, let each group of ranks take its turns, collect. */
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
#include "turns.h"

enum { WAIT_US = 10000, LAST_WAIT_US = 1000 }; /* between two looks at what the others do, and at the end */

struct study {
    const cJSON *plan;
    const struct mu_study_options *options;
    struct mu_comm *all, *group;
    struct mu_turns *turns;
    int groups, color;
    bool leads, interrupted;
    struct mu_kept kept;
};

static const char *name_of(const cJSON *point) {
    return cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring;
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
static int run_leg(struct study *s, struct mu_leg leg, struct mu_run_result *result, struct mu_err *err) {
    char directory[4400], config[4400], state[16];
    const char *file = cJSON_GetObjectItemCaseSensitive(s->plan, "file")->valuestring;
    const cJSON *point = mu_turns_point(s->turns, leg.turn);
    struct mu_scenario scenario = {0};
    mu_point_directory(directory, s->options->directory, name_of(point));
    snprintf(config, sizeof config, "%.4300s/config.json", directory);
    bool resume = s->leads && (s->options->resume || leg.leg > 0) && access(config, F_OK) == 0;
    if (resume) {
        int code_then = 0;
        mu_point_state(directory, state, &code_then);
        resume = strcmp(state, "done") != 0 || mu_point_whole(directory);
    }
    mu_comm_bcast(s->group, &resume, sizeof resume);
    MU_TRY(mu_group_parse(&mu_scenario_group, cJSON_GetObjectItemCaseSensitive(point, "config"), file, "", &scenario,
                          err));
    struct mu_run_options options = {.directory = directory,
                                     .force = !resume,
                                     .resume = resume,
                                     .hasty = true,
                                     .progress = MU_PROGRESS_QUIET,
                                     .pause = mu_turns_pause(s->turns, leg),
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

/* The next leg for this group; false if there is none. The leader decides, and waits if it has to. */
static bool next_leg(struct study *s, struct mu_leg *leg) {
    struct {
        struct mu_leg leg;
        bool found;
    } next = {0};
    while (s->leads && !s->interrupted && !next.found) {
        s->interrupted = s->options->interrupted != NULL && s->options->interrupted();
        const enum mu_turn when = s->interrupted ? MU_TURN_OVER : mu_turns_take(s->turns, &next.leg);
        if (when == MU_TURN_OVER) {
            break;
        }
        next.found = when == MU_TURN_NOW;
        if (!next.found) {
            usleep(WAIT_US);
        }
    }
    mu_comm_bcast(s->group, &next, sizeof next);
    *leg = next.leg;
    return next.found;
}

/* What an earlier sweep has left to do of a leg. */
struct past {
    bool passed;        /* nothing: the point has come to the rung at its end */
    bool ended, failed; /* nothing: the point is done, or diverges whenever it is run */
};

static struct past look_back(const struct study *s, struct mu_leg leg) {
    char directory[4400], state[16];
    int code = 0;
    struct past past = {0};
    mu_point_directory(directory, s->options->directory, name_of(mu_turns_point(s->turns, leg.turn)));
    mu_point_state(directory, state, &code);
    past.passed = mu_turns_passed(s->turns, leg);
    past.failed = strcmp(state, "failed") == 0 && code == MU_DIVERGED;
    past.ended = past.failed || (strcmp(state, "done") == 0 && mu_point_whole(directory));
    return past;
}

/* The leader says how a leg has ended. */
static void close_leg(const struct study *s, struct mu_leg leg, bool rests, bool ran, bool failed,
                      struct mu_err *failure) {
    if (rests && mu_turns_rest(s->turns, leg, ran, failure) == MU_OK) {
        return;
    }
    if (failure->code != MU_OK) {
        char directory[4400];
        mu_point_directory(directory, s->options->directory, name_of(mu_turns_point(s->turns, leg.turn)));
        note_failure(directory, failure);
    }
    mu_turns_end(s->turns, leg, failed || failure->code != MU_OK);
}

static void work(struct study *s) {
    for (struct mu_leg leg; next_leg(s, &leg);) {
        struct mu_err failure = {0};
        struct mu_run_result result = {0};
        struct past past = {0};
        if (s->leads && s->options->resume) {
            past = look_back(s, leg);
        }
        mu_comm_bcast(s->group, &past, sizeof past);
        bool rests = past.passed;
        if (!past.passed && !past.ended) {
            const int code = run_leg(s, leg, &result, &failure);
            const bool laid_aside = code == MU_OK && !result.already_done;
            rests = laid_aside && result.end == MU_END_PAUSED;
            if (laid_aside && result.end == MU_END_INTERRUPTED) {
                s->interrupted = true;
                continue;
            }
        }
        if (s->leads) {
            close_leg(s, leg, rests, !past.passed, past.failed, &failure);
        }
    }
    if (s->leads) {
        mu_turns_leave(s->turns, (size_t)s->color);
    }
}

/* Without MPI's busy waiting: the core may be somebody else's. */
static void await_others(struct study *s) {
    size_t ended = 0;
    while (mu_comm_rank(s->all) == 0 && ended < (size_t)s->groups) {
        if (!mu_turns_left(s->turns, ended)) {
            usleep(LAST_WAIT_US);
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
        code = code != MU_OK ? code : mu_file_publish(plan_path, text, strlen(text), err);
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
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(s->plan, "ranks_per_point");
    const int ranks = mu_comm_size(s->all), wanted = cJSON_IsNumber(given) ? given->valueint : 1;
    const int each = wanted < 1 ? 1 : wanted > ranks ? ranks : wanted;
    s->groups = ranks / each;
    s->color = mu_comm_rank(s->all) / each;
    s->color = s->color < s->groups ? s->color : s->groups - 1; /* ranks left over help the last group */
    MU_TRY(mu_comm_agree(s->all, mu_turns_new(&s->turns, s->plan, s->options->directory, err), err));
    s->group = mu_comm_split(s->all, s->color);
    if (s->group == NULL) {
        mu_comm_abort(s->all, MU_RANK_FAILED);
    }
    s->leads = mu_comm_rank(s->group) == 0;
    work(s);
    mu_kept_clear(&s->kept);
    mu_comm_stop(s->group);
    await_others(s);
    return MU_OK;
}

static int start_watch(const cJSON *plan, const struct mu_study_options *options, struct mu_watch **watch,
                       struct mu_err *err) {
    if (options->progress == NULL) {
        return MU_OK;
    }
    MU_TRY(mu_watch_new(watch, plan, options->directory, err));
    return mu_watch_start(*watch, options->progress, options->context, err);
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
        struct mu_watch *watch = NULL;
        code = mu_comm_agree(comm, root ? start_watch(plan, options, &watch, err) : MU_OK, err);
        code = code != MU_OK ? code : schedule(&s, err);
        mu_watch_free(watch);
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
    mu_turns_free(s.turns);
    cJSON_Delete(copy);
    if (lock >= 0) {
        close(lock);
    }
    return code;
}
