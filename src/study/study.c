/* Running a study: prepare its directory, let each group of ranks or process take its turns, collect. */
#include "muster/study/study.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/clock.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "study_impl.h"
#include "work.h"

/* Rank 0: an empty directory, one that is to be overwritten, or the one of this very plan. */
static int prepare(const cJSON *plan, const struct mu_study_options *options, int *lock, struct mu_err *err) {
    char plan_path[4400], claims[4400], points[4400], *text = NULL, *then = NULL;
    const char *directory = options->directory;
    size_t n = 0;
    snprintf(plan_path, sizeof plan_path, "%s/plan.json", directory);
    snprintf(claims, sizeof claims, "%s/.claims", directory);
    snprintf(points, sizeof points, "%s/points", directory);
    const bool there = access(plan_path, F_OK) == 0;
    if ((there || access(points, F_OK) == 0) && !options->resume && !options->force) {
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
    int code = mu_json_print(plan, &text, err);
    if (code == MU_OK && options->resume && there) {
        code = mu_file_read(plan_path, 1u << 30, &then, &n, err);
        if (code == MU_OK && strcmp(text, then) != 0) {
            mu_fail(err, MU_BAD_CONFIG, directory, "the study was started with another sweep or base config");
            code = mu_fail_help(err, "choose another directory with -o, or start anew with --force");
        }
    } else if (code == MU_OK) {
        code = options->force ? mu_dir_remove(points, err) : MU_OK;
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

static int start_watch(struct mu_watch *watch, const struct mu_study_options *options, struct mu_err *err) {
    return watch != NULL ? mu_watch_start(watch, options->progress, options->context, err) : MU_OK;
}

/* In a new process of the crew. */
static void work_as(void *worker, int member) {
    struct mu_worker *w = worker;
    w->number = member;
    mu_worker_run(w);
}

/* Every group of ranks, or every process, takes its turns. A thread that watches is started after all processes. */
static int share_out(struct mu_worker *w, struct mu_comm *comm, struct mu_watch *watch, struct mu_err *err) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(w->plan, "ranks_per_point");
    const int ranks = mu_comm_size(comm), wanted = cJSON_IsNumber(given) ? given->valueint : 1;
    const int each = wanted < 1 ? 1 : wanted > ranks ? ranks : wanted, groups = ranks / each;
    const int number = mu_comm_rank(comm) / each;
    w->number = number < groups ? number : groups - 1; /* ranks left over help the last group */
    MU_TRY(mu_comm_agree(comm, mu_turns_new(&w->turns, w->plan, w->options->directory, err), err));
    w->group = mu_comm_split(comm, w->number);
    if (w->group == NULL) {
        mu_comm_abort(comm, MU_RANK_FAILED);
    }
    w->leads = mu_comm_rank(w->group) == 0;
    int code = MU_OK;
    if (ranks == 1 && w->options->processes > 1) {
        mu_worker_load(w);
        code = mu_crew_start(&w->crew, w->options->processes, work_as, w, err);
    }
    code = code != MU_OK ? code : mu_comm_agree(comm, start_watch(watch, w->options, err), err);
    if (code == MU_OK) {
        mu_worker_run(w);
    }
    mu_kept_clear(&w->kept);
    mu_comm_stop(w->group);
    if (code == MU_OK && mu_comm_rank(comm) == 0) {
        mu_worker_await(w, groups);
    }
    mu_comm_barrier(comm);
    return code;
}

/* Collective, once the directory is there. */
static int run_points(const cJSON *plan, const struct mu_study_options *options, struct mu_comm *comm,
                      bool *interrupted, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    struct mu_worker worker = {.plan = plan, .options = options};
    struct mu_watch *watch = NULL;
    cJSON *copy = NULL;
    MU_TRY(spread_plan(plan, comm, &copy, err));
    worker.plan = root ? plan : copy;
    int code = root && options->progress != NULL ? mu_watch_new(&watch, plan, options->directory, err) : MU_OK;
    code = mu_comm_agree(comm, code, err);
    code = code != MU_OK ? code : share_out(&worker, comm, watch, err);
    *interrupted = mu_worker_interrupted(&worker);
    mu_watch_free(watch);
    mu_crew_free(worker.crew);
    mu_turns_free(worker.turns);
    cJSON_Delete(copy);
    return code;
}

int mu_study_run(const cJSON *plan, const struct mu_study_options *options, struct mu_comm *comm,
                 struct mu_study_result *result, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    bool interrupted = false;
    int lock = -1;
    *result = (struct mu_study_result){0};
    int code = mu_comm_agree(comm, root ? prepare(plan, options, &lock, err) : MU_OK, err);
    code = code != MU_OK ? code : run_points(plan, options, comm, &interrupted, err);
    if (code == MU_OK) {
        if (root) {
            char claims[4400];
            code = mu_study_collect(plan, options->directory, result, err);
            snprintf(claims, sizeof claims, "%s/.claims", options->directory);
            code = code != MU_OK ? code : mu_dir_remove(claims, err);
        }
        code = mu_comm_agree(comm, code, err);
        mu_comm_bcast(comm, result, sizeof *result);
        result->interrupted = interrupted && result->missing > 0;
    }
    if (lock >= 0) {
        close(lock);
    }
    return code;
}
