/* muster sweep: the runs of a study, side by side. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cJSON.h>

#include "cli.h"
#include "muster/base/clock.h"
#include "muster/base/mem.h"
#include "muster/base/parallel.h"
#include "muster/base/sparkline.h"
#include "muster/study/plan.h"
#include "muster/study/study.h"

struct view {
    bool live;
    double last_s;
    size_t ended; /* points that had ended at the last line */
    size_t lines; /* on the terminal, to be rewritten */
};

/* A plain line whenever a point ends; a long silence is broken, too. */
static void show_plain(struct view *v, const struct mu_watch_view *view, const char *text) {
    enum { SILENCE_S = 60 };
    const double now = mu_monotonic_s();
    const size_t ended = view->done + view->failed + view->stopped + view->skipped;
    if (v->lines > 0 && ended == v->ended && (view->ended || now - v->last_s < SILENCE_S)) {
        return;
    }
    puts(text);
    fflush(stdout);
    v->last_s = now;
    v->ended = ended;
    v->lines = 1;
}

static void show(void *context, const struct mu_watch_view *view) {
    struct view *v = context;
    char text[MU_WATCH_LINES];
    const size_t lines = mu_watch_text(view, v->live ? mu_terminal_width() : 0, mu_sparkline_shows(), text);
    if (!v->live) {
        show_plain(v, view, text);
        return;
    }
    if (v->lines > 1) {
        printf("\033[%zuA", v->lines - 1);
    }
    printf("\r\033[J%s%s", text, view->ended ? "\n" : "");
    fflush(stdout);
    v->lines = lines;
}

static size_t print_problems(const char *problems) {
    size_t lines = 0;
    for (const char *line = problems; line != NULL && *line != '\0';) {
        const size_t n = strcspn(line, "\n");
        fprintf(stderr, "muster: %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
        lines++;
    }
    return lines;
}

/* Reads the plan, and says all that is wrong with it: one mistake is an error like any other, several are listed. */
static int read_plan(const char *path, cJSON **plan, struct mu_err *err) {
    char *problems = NULL;
    int code = mu_plan_read(path, plan, &problems, err);
    if (problems != NULL) {
        const size_t n = print_problems(problems);
        *err = (struct mu_err){0};
        code = mu_fail(err, MU_BAD_CONFIG, path, "%zu mistakes; nothing was started", n);
    }
    mu_free(problems);
    return code;
}

static int dry_run(const char *path, struct mu_err *err) {
    cJSON *plan = NULL;
    MU_TRY(read_plan(path, &plan, err));
    const cJSON *point;
    double jobs = 0;
    printf("%-48s %10s  values\n", "point", "jobs");
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(plan, "points")) {
        char *values = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(point, "values"));
        const double estimate = cJSON_GetObjectItemCaseSensitive(point, "estimate")->valuedouble;
        printf("%-48s %10.0f  %s\n", cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring, estimate,
               values != NULL ? values : "");
        cJSON_free(values);
        jobs += estimate;
    }
    const bool selects = cJSON_HasObjectItem(plan, "early_stopping") || cJSON_HasObjectItem(plan, "search");
    printf("%d points, %s %.0f jobs\n", cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "points")),
           selects ? "at most about" : "about", jobs);
    cJSON_Delete(plan);
    return MU_OK;
}

/* runs/<name of the sweep file>-<time>. */
static void choose_directory(const char *given, const char *path, char directory[static 4096]) {
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    char when[32];
    const time_t now = time(NULL);
    struct tm tm;
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
    if (given != NULL) {
        snprintf(directory, 4096, "%s", given);
    } else {
        snprintf(directory, 4096, "runs/%.*s-%s", (int)strcspn(name, "."), name, when);
    }
}

static void print_result(const struct mu_study_result *r, double seconds, const char *directory) {
    char others[MU_WATCH_OTHERS];
    printf("%zu of %zu points done%s in %.1f s\n%sresults: %s\n", r->done, r->points,
           mu_watch_others(r->failed, r->stopped, r->skipped, others), seconds,
           r->not_private ? "not private: points were selected or stopped by looking at the data, which epsilon "
                            "does not include\n"
                          : "",
           directory);
}

/* `plan` is rank 0's. Without ranks of MPI so many processes share its points. */
static int run_plan(const cJSON *plan, int processes, const struct mu_cli_options *o, struct mu_comm *comm,
                    struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    char directory[4096];
    struct view view = {.live = mu_cli_on_terminal()};
    const double start_s = mu_monotonic_s();
    struct mu_study_result result = {0};
    if (root) {
        choose_directory(o->directory, o->config, directory);
    }
    mu_comm_bcast(comm, directory, sizeof directory);
    const struct mu_study_options options = {.directory = directory,
                                             .force = o->force,
                                             .resume = o->resume,
                                             .processes = processes,
                                             .interrupted = mu_cli_interrupted,
                                             .progress = o->quiet ? NULL : show,
                                             .context = &view};
    MU_TRY(mu_study_run(plan, &options, comm, &result, err));
    if (root && !o->quiet && !result.interrupted) {
        print_result(&result, mu_monotonic_s() - start_s, directory);
    }
    if (root && result.interrupted) {
        char *line = mu_cli_resume_command("sweep", o, directory);
        fprintf(stderr, "muster: interrupted with %zu of %zu points done; go on with: %s\n",
                result.done + result.failed, result.points, line != NULL ? line : "--resume");
        free(line);
    }
    /* A signal may have come to another of the processes. */
    return !result.interrupted ? MU_OK : mu_cli_signal_code() != 0 ? mu_cli_signal_code() : 128 + SIGINT;
}

static int sweep_here(const struct mu_cli_options *o, struct mu_comm **comm, struct mu_err *err) {
    mu_cli_catch_signals();
    *comm = mu_cli_comm();
    const bool root = mu_comm_rank(*comm) == 0;
    cJSON *plan = NULL;
    if (root) {
        mu_cli_report_ready();
    }
    int code = mu_comm_agree(*comm, root ? read_plan(o->config, &plan, err) : MU_OK, err);
    code = code != MU_OK ? code : run_plan(plan, 1, o, *comm, err);
    cJSON_Delete(plan);
    return code;
}

/* Points of one rank have nothing to tell each other: on one host, on cores of their own, they need no MPI. */
static bool needs_mpi(const cJSON *plan, long ranks) {
    const cJSON *each = cJSON_GetObjectItemCaseSensitive(plan, "ranks_per_point");
    return (cJSON_IsNumber(each) && each->valueint > 1) || mu_cores() < ranks;
}

/* A mistake is found before anything is started. */
static int launch(int argc, char **argv, const struct mu_cli_options *o, struct mu_comm **comm, struct mu_err *err) {
    cJSON *plan = NULL;
    MU_TRY(read_plan(o->config, &plan, err));
    int code;
    if (needs_mpi(plan, o->ranks)) {
        code = mu_cli_launch(argc, argv, o, err);
    } else {
        mu_cli_catch_signals();
        *comm = mu_comm_solo();
        code = run_plan(plan, (int)o->ranks, o, *comm, err);
    }
    cJSON_Delete(plan);
    return code;
}

/* Takes --dry-run, which is no other command's, out of the arguments. */
static bool take_dry_run(int *argc, char **argv) {
    bool found = false;
    int n = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--dry-run") == 0) {
            found = true;
        } else {
            argv[n++] = argv[i];
        }
    }
    argv[n] = NULL;
    *argc = n;
    return found;
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    struct mu_cli_options o;
    const bool dry = take_dry_run(&argc, argv);
    int code = mu_cli_parse(argc, argv, "nofqr", &o, err);
    if (code == MU_OK && o.n_set > 0) {
        code = mu_fail(err, MU_USAGE, "sweep", "unknown option --set");
    } else if (code == MU_OK && o.resume && o.directory == NULL) {
        mu_fail(err, MU_USAGE, "--resume", "it is not said which study to resume");
        code = mu_fail_help(err, "give its directory with -o");
    } else if (code == MU_OK && o.help) {
        mu_cli_help(&mu_cli_sweep);
    } else if (code == MU_OK && dry) {
        code = dry_run(o.config, err);
    } else if (code == MU_OK && o.ranks > 0 && !mu_comm_launched()) {
        code = launch(argc, argv, &o, comm, err);
    } else if (code == MU_OK) {
        code = sweep_here(&o, comm, err);
    }
    mu_free(o.set);
    return code;
}

const struct mu_command_line mu_cli_sweep = {
    .name = "sweep",
    .synopsis = "SWEEP [-n RANKS] [options]",
    .summary = "run all points of a study and collect their results",
    .options = "  -n, --ranks N          N ranks, each of which takes one point after the other: processes of this "
               "host if it has\n"
               "                         so many cores and a point is one rank's, else those of mpirun\n"
               "  -o, --output DIR       where the results go; default runs/<name>-<time>\n"
               "      --dry-run          list the points, run nothing\n"
               "      --resume           go on with the study in DIR: skip what is done, finish what is not\n"
               "  -f, --force            overwrite the study in DIR\n"
               "  -q, --quiet            print nothing but errors\n"
               "  -h, --help             this text\n\n"
               "A point that fails or diverges is recorded and stops no other. Exit codes: those of muster run.\n",
    .run = run,
};
