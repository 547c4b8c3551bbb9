#include "work.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/run/run.h"

enum { WAIT_US = 10000, LAST_WAIT_US = 1000 }; /* between two looks at what the others do, and at the end */

static const char *name_of(const cJSON *point) {
    return cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring;
}

static const cJSON *config_of(const cJSON *point) {
    return cJSON_GetObjectItemCaseSensitive(point, "config");
}

/* That the configs came from, for what is said of them. */
static const char *file_of(const struct mu_worker *w) {
    return cJSON_GetObjectItemCaseSensitive(w->plan, "file")->valuestring;
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
static int run_leg(struct mu_worker *w, struct mu_leg leg, struct mu_run_result *result, struct mu_err *err) {
    char directory[4400], config[4400], state[16];
    const char *file = file_of(w);
    const cJSON *point = mu_turns_point(w->turns, leg.turn);
    struct mu_scenario scenario = {0};
    mu_point_directory(directory, w->options->directory, name_of(point));
    snprintf(config, sizeof config, "%.4300s/config.json", directory);
    bool resume = w->leads && (w->options->resume || leg.leg > 0) && access(config, F_OK) == 0;
    if (resume) {
        int code_then = 0;
        mu_point_state(directory, state, &code_then);
        resume = strcmp(state, "done") != 0 || mu_point_whole(directory);
    }
    mu_comm_bcast(w->group, &resume, sizeof resume);
    MU_TRY(mu_group_parse(&mu_scenario_group, config_of(point), file, "", &scenario, err));
    struct mu_run_options options = {.directory = directory,
                                     .force = !resume,
                                     .resume = resume,
                                     .hasty = true,
                                     .progress = MU_PROGRESS_QUIET,
                                     .pause = mu_turns_pause(w->turns, leg),
                                     .interrupted = mu_worker_interrupted,
                                     .context = w};
    int code = mu_kept_get(&w->kept, config_of(point), file, w->group, &options.data, err);
    code = code != MU_OK ? code : mu_run(file, &scenario, &options, w->group, result, err);
    if (resume && options.data != NULL && code != MU_OK && code != MU_DIVERGED) {
        /* Killed so early, or so late, that what is there is of no use. */
        *err = (struct mu_err){0};
        options.force = true;
        options.resume = false;
        code = mu_run(file, &scenario, &options, w->group, result, err);
    }
    mu_scenario_clear(&scenario);
    return code;
}

bool mu_worker_interrupted(void *worker) {
    struct mu_worker *w = worker;
    const bool here = w->options->interrupted != NULL && w->options->interrupted(w->options->context);
    if (here && w->crew != NULL) {
        mu_crew_stop(w->crew);
    }
    return here || (w->crew != NULL && mu_crew_stops(w->crew));
}

/* The leader says how a leg has ended. */
static void close_leg(const struct mu_worker *w, struct mu_leg leg, bool rests, bool ran, bool failed,
                      struct mu_err *failure) {
    if (rests && mu_turns_rest(w->turns, leg, ran, failure) == MU_OK) {
        return;
    }
    if (failure->code != MU_OK) {
        char directory[4400];
        mu_point_directory(directory, w->options->directory, name_of(mu_turns_point(w->turns, leg.turn)));
        note_failure(directory, failure);
    }
    mu_turns_end(w->turns, leg, failed || failure->code != MU_OK);
}

/* Member 0: the points that dead members were at have failed, so that nobody waits for them at a rung. */
static void bury_lost(struct mu_worker *w) {
    for (struct mu_lost lost; w->crew != NULL && w->number == 0 && mu_crew_lost(w->crew, &lost);) {
        if (lost.busy) {
            close_leg(w, lost.leg, false, true, true, &lost.how);
        }
    }
}

/* The next leg for this group; false if there is none. The leader decides, and waits if it has to. */
static bool next_leg(struct mu_worker *w, struct mu_leg *leg) {
    struct {
        struct mu_leg leg;
        bool found;
    } next = {0};
    while (w->leads && !w->interrupted && !next.found) {
        bury_lost(w);
        w->interrupted = mu_worker_interrupted(w);
        const enum mu_turn when = w->interrupted ? MU_TURN_OVER : mu_turns_take(w->turns, &next.leg);
        if (when == MU_TURN_OVER) {
            break;
        }
        next.found = when == MU_TURN_NOW;
        if (!next.found) {
            usleep(WAIT_US);
        }
    }
    mu_comm_bcast(w->group, &next, sizeof next);
    *leg = next.leg;
    return next.found;
}

/* What an earlier sweep has left to do of a leg. */
struct past {
    bool passed;        /* nothing: the point has come to the rung at its end */
    bool ended, failed; /* nothing: the point is done, or diverges whenever it is run */
};

static struct past look_back(const struct mu_worker *w, struct mu_leg leg) {
    char directory[4400], state[16];
    int code = 0;
    struct past past = {0};
    mu_point_directory(directory, w->options->directory, name_of(mu_turns_point(w->turns, leg.turn)));
    mu_point_state(directory, state, &code);
    past.passed = mu_turns_passed(w->turns, leg);
    past.failed = strcmp(state, "failed") == 0 && code == MU_DIVERGED;
    past.ended = past.failed || (strcmp(state, "done") == 0 && mu_point_whole(directory));
    return past;
}

/* Runs what is left of a leg. */
static void work_on(struct mu_worker *w, struct mu_leg leg) {
    struct mu_err failure = {0};
    struct mu_run_result result = {0};
    struct past past = {0};
    if (w->leads && w->options->resume) {
        past = look_back(w, leg);
    }
    mu_comm_bcast(w->group, &past, sizeof past);
    bool rests = past.passed;
    if (!past.passed && !past.ended) {
        const int code = run_leg(w, leg, &result, &failure);
        const bool laid_aside = code == MU_OK && !result.already_done;
        rests = laid_aside && result.end == MU_END_PAUSED;
        if (laid_aside && result.end == MU_END_INTERRUPTED) {
            w->interrupted = true;
            return;
        }
    }
    if (w->leads) {
        close_leg(w, leg, rests, !past.passed, past.failed, &failure);
    }
}

void mu_worker_run(struct mu_worker *w) {
    for (struct mu_leg leg; next_leg(w, &leg);) {
        if (w->crew != NULL) {
            mu_crew_begin(w->crew, w->number, leg);
        }
        work_on(w, leg);
        if (w->crew != NULL) {
            mu_crew_end(w->crew, w->number);
        }
    }
    if (w->leads && w->crew == NULL) {
        mu_turns_leave(w->turns, (size_t)w->number);
    }
}

void mu_worker_load(struct mu_worker *w) {
    struct mu_err ignored = {0};
    struct mu_data *data = NULL;
    if (!w->options->resume) {
        (void)mu_kept_get(&w->kept, config_of(mu_turns_point(w->turns, 0)), file_of(w), w->group, &data, &ignored);
    }
}

void mu_worker_await(struct mu_worker *w, int groups) {
    for (bury_lost(w); w->crew != NULL && mu_crew_left(w->crew) > 0; bury_lost(w)) {
        (void)mu_worker_interrupted(w);
        usleep(LAST_WAIT_US);
    }
    /* Without MPI's busy waiting: the core may be somebody else's. */
    for (size_t k = 0; w->crew == NULL && k < (size_t)groups; k++) {
        while (!mu_turns_left(w->turns, k)) {
            usleep(LAST_WAIT_US);
        }
    }
}
