/* Looking at the points of a study while they run. */
#include "muster/study/watch.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cJSON.h>

#include "muster/base/clock.h"
#include "muster/base/mem.h"
#include "plan_impl.h"
#include "study_impl.h"
#include "turns.h"

#define LOOK_EVERY_S 0.25
#define LOOK_SHARE 0.02   /* of a core, at most */
enum { TAIL = 1 << 14 };  /* bytes of metrics.jsonl: some 30 evaluations */
enum { MOST_KINDS = 32 }; /* those after these are one */

struct seen {
    const char *name;
    double estimate, steps, time_s; /* jobs; where the point will end, NAN if its config does not say */
    struct timespec changed, grown; /* status.json and metrics.jsonl, when they were read */
    enum { ON, DONE, FAILED, STOPPED, SKIPPED } end;
    bool running;
    double first, share;   /* of the point's way: when this study took it up, and now */
    size_t kind;           /* of its strategy, for how long a job takes */
    double timed, spent_s; /* the share that is known to have taken so long; NAN */
    struct mu_watch_point now;
};

struct mu_watch {
    const char *directory;
    struct seen *point;
    size_t n;
    size_t most;           /* points that were running at a time */
    bool selects;          /* points may be stopped early, or passed over by a search */
    struct timespec start; /* what is older was left by an earlier sweep */
    double start_s;
    struct mu_watch_view view;
    mu_watch_show *show;
    void *context;
    pthread_t thread;
    bool started, stop;
    pthread_mutex_t mutex; /* of stop */
    pthread_cond_t wake;
};

static const char *strategy_of(const cJSON *point) {
    const cJSON *kind = mu_plan_look_up(cJSON_GetObjectItemCaseSensitive(point, "config"), "/server/strategy/kind");
    return cJSON_IsString(kind) ? kind->valuestring : "";
}

/* Numbers the kinds of strategies, of which there are few. */
static void number_kinds(struct mu_watch *w, const cJSON *points) {
    const char *names[MOST_KINDS];
    size_t kinds = 0;
    const cJSON *point;
    struct seen *seen = w->point;
    cJSON_ArrayForEach(point, points) {
        size_t k = 0;
        const char *name = strategy_of(point);
        while (k < kinds && strcmp(names[k], name) != 0) {
            k++;
        }
        if (k == kinds && kinds < MOST_KINDS) {
            names[kinds++] = name;
        }
        seen++->kind = k < MOST_KINDS ? k : MOST_KINDS - 1;
    }
}

int mu_watch_new(struct mu_watch **watch, const cJSON *plan, const char *directory, struct mu_err *err) {
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(plan, "points"), *point;
    struct mu_watch *w = mu_alloc(1, sizeof *w, err);
    *watch = w;
    if (w == NULL) {
        return err->code;
    }
    w->directory = directory;
    w->n = (size_t)cJSON_GetArraySize(points);
    w->selects = cJSON_HasObjectItem(plan, "early_stopping") || cJSON_HasObjectItem(plan, "search");
    w->point = mu_alloc(w->n, sizeof *w->point, err);
    if (w->point == NULL) {
        mu_free(w);
        *watch = NULL;
        return err->code;
    }
    struct seen *seen = w->point;
    cJSON_ArrayForEach(point, points) {
        const cJSON *stop = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(point, "config"), "stop");
        *seen++ = (struct seen){.name = cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring,
                                .estimate = fmax(mu_number_in(point, "estimate", NAN), 1),
                                .steps = mu_number_in(stop, "steps", NAN),
                                .time_s = mu_number_in(stop, "time_s", NAN),
                                .first = NAN,
                                .timed = NAN,
                                .spent_s = NAN};
    }
    number_kinds(w, points);
    clock_gettime(CLOCK_REALTIME_COARSE, &w->start); /* the clock of file times */
    w->start_s = mu_monotonic_s();
    w->view = (struct mu_watch_view){.points = w->n, .eta_s = NAN, .best = NAN};
    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return MU_OK;
}

void mu_watch_free(struct mu_watch *w) {
    if (w == NULL) {
        return;
    }
    mu_watch_stop(w);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->mutex);
    mu_free(w->point);
    mu_free(w);
}

static double score_of(const cJSON *record, bool *loss) {
    const double accuracy = mu_number_in(record, "test_accuracy", NAN),
                 test_loss = mu_number_in(record, "test_loss", NAN);
    *loss = !isfinite(accuracy);
    return isfinite(accuracy) ? accuracy : isfinite(test_loss) ? test_loss : mu_number_in(record, "train_loss", NAN);
}

static void remember(double trend[static MU_WATCH_TREND], size_t *n, double score) {
    if (*n == MU_WATCH_TREND) {
        memmove(trend, trend + 1, (MU_WATCH_TREND - 1) * sizeof *trend);
        --*n;
    }
    trend[(*n)++] = score;
}

static double share_of(const struct seen *p, double step, double time_s) {
    return fmin(fmax(fmax(step / p->steps, time_s / p->time_s), 0), 1);
}

/* Where a run is, and its last scores. The first line that is read may be cut off, and the last under way: they do not
 * parse. */
static void look_at_metrics(struct mu_watch_view *view, const char *directory, struct seen *p) {
    char path[4700], text[TAIL + 1], *rest = text, *line;
    struct stat found;
    snprintf(path, sizeof path, "%s/metrics.jsonl", directory);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fstat(fileno(file), &found) != 0 || memcmp(&found.st_mtim, &p->grown, sizeof p->grown) == 0) {
        fclose(file);
        return;
    }
    p->grown = found.st_mtim;
    p->now.n = 0;
    (void)fseek(file, -(long)TAIL, SEEK_END); /* fails if there is less, and stays at the start */
    text[fread(text, 1, TAIL, file)] = '\0';
    fclose(file);
    while ((line = strsep(&rest, "\n")) != NULL) {
        cJSON *record = cJSON_Parse(line);
        bool loss;
        const double score = score_of(record, &loss), step = mu_number_in(record, "step", NAN);
        if (isfinite(score)) {
            view->loss = loss;
            remember(p->now.trend, &p->now.n, score);
        }
        if (step >= p->now.step) {
            p->now.step = step;
            p->share = p->timed = share_of(p, step, mu_number_in(record, "time_s", NAN));
            p->spent_s = mu_number_in(record, "wall_s", NAN);
        }
        cJSON_Delete(record);
    }
}

static bool is_better(const struct mu_watch_view *view, double a, double b) {
    return isfinite(a) && (!isfinite(b) || (view->loss ? a < b : a > b));
}

/* The best score of a point that is done joins those of the others, and it is known how long it took. */
static void take_summary(struct mu_watch *w, const char *directory, struct seen *p) {
    struct mu_watch_view *view = &w->view;
    cJSON *summary = mu_point_json(directory, "summary.json");
    p->timed = 1;
    p->spent_s = mu_number_in(cJSON_GetObjectItemCaseSensitive(summary, "wall"), "run_s", NAN);
    const cJSON *best = cJSON_GetObjectItemCaseSensitive(summary, "best");
    const double accuracy = mu_number_in(best, "test_accuracy", NAN), loss = mu_number_in(best, "test_loss", NAN);
    cJSON_Delete(summary);
    const double score = isfinite(accuracy) ? accuracy : loss;
    if (!isfinite(score)) {
        return;
    }
    view->loss = !isfinite(accuracy);
    remember(view->bests, &view->n_best, score);
    view->best = is_better(view, score, view->best) ? score : view->best;
}

static bool is_before(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* What the status of a point says, if it has changed. */
static void look_at_status(struct mu_watch *w, const char *directory, struct seen *p) {
    char path[4700];
    struct stat found;
    snprintf(path, sizeof path, "%s/status.json", directory);
    if (stat(path, &found) != 0 || memcmp(&found.st_mtim, &p->changed, sizeof p->changed) == 0) {
        return;
    }
    cJSON *status = mu_point_json(directory, "status.json");
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "state"));
    if (state == NULL) {
        cJSON_Delete(status);
        return;
    }
    const bool old = is_before(&found.st_mtim, &w->start), done = strcmp(state, "done") == 0;
    const bool diverged = mu_number_in(cJSON_GetObjectItemCaseSensitive(status, "error"), "code", NAN) == MU_DIVERGED;
    const double step = mu_number_in(status, "step", NAN), time_s = mu_number_in(status, "time_s", NAN);
    p->changed = found.st_mtim;
    p->running = !old && strcmp(state, "running") == 0;
    const bool failed = strcmp(state, "failed") == 0 && (!old || diverged); /* another failure is tried again */
    p->end = done ? DONE : failed ? FAILED : ON;
    p->share = p->end != ON ? 1 : share_of(p, step, time_s);
    p->first = isnan(p->first) && p->running ? p->share : isnan(p->first) && p->end != ON ? (old ? 1 : 0) : p->first;
    if (p->running) {
        p->now.name = p->name;
        p->now.step = step;
        p->now.steps = p->steps;
    }
    if (done) {
        take_summary(w, directory, p);
    }
    cJSON_Delete(status);
}

/* Work is counted in estimated jobs. How long one takes is known from points of the same kind of strategy, else from
 * all: that of one kind may be a hundred times another's. */
static double estimate_eta(const struct mu_watch *w) {
    double spent[MOST_KINDS] = {0}, work[MOST_KINDS] = {0}, all_spent = 0, all_work = 0, done = 0, left = 0, eta = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct seen *p = &w->point[i];
        if (p->timed > 0 && p->spent_s > 0) {
            spent[p->kind] += p->spent_s;
            work[p->kind] += p->estimate * p->timed;
            all_spent += p->spent_s;
            all_work += p->estimate * p->timed;
        }
    }
    for (size_t i = 0; i < w->n; i++) {
        const struct seen *p = &w->point[i];
        const double share = isfinite(p->share) ? p->share : 0, rest = p->end == ON ? p->estimate * (1 - share) : 0;
        const bool known = work[p->kind] > 0;
        done += isnan(p->first) ? 0 : p->estimate * fmax(share - p->first, 0);
        left += rest;
        eta += rest * (known ? spent[p->kind] / work[p->kind] : all_spent / all_work);
    }
    if (all_work > 0) {
        return eta / (w->most > 0 ? (double)w->most : 1);
    }
    return done > 0 ? (mu_monotonic_s() - w->start_s) / done * left : NAN;
}

/* A point that is stopped early has been laid aside; one that a search passes over was never run, or has diverged. */
static void look_at_selection(struct mu_watch *w, size_t number) {
    struct seen *p = &w->point[number];
    if (p->end == ON && !p->running && mu_turns_claimed(w->directory, "stopped", number)) {
        p->end = STOPPED;
    } else if ((p->end == FAILED || (p->end == ON && !p->running)) &&
               mu_turns_claimed(w->directory, "skipped", number)) {
        p->end = SKIPPED;
    }
}

const struct mu_watch_view *mu_watch_look(struct mu_watch *w) {
    struct mu_watch_view *view = &w->view;
    size_t ends[SKIPPED + 1] = {0};
    view->running = 0;
    view->n_shown = 0;
    for (size_t i = 0; i < w->n; i++) {
        struct seen *p = &w->point[i];
        if (p->end == ON) {
            char directory[4400];
            mu_point_directory(directory, w->directory, p->name);
            look_at_status(w, directory, p);
            if (p->running) { /* more often than its status, its metrics say where it is */
                look_at_metrics(view, directory, p);
            }
        }
        if (w->selects) {
            look_at_selection(w, i);
        }
        ends[p->end]++;
        if (p->end != ON || !p->running) {
            continue;
        }
        view->running++;
        if (view->n_shown < MU_WATCH_SHOWN) {
            view->shown[view->n_shown++] = p->now;
        }
    }
    view->done = ends[DONE];
    view->failed = ends[FAILED];
    view->stopped = ends[STOPPED];
    view->skipped = ends[SKIPPED];
    w->most = view->running > w->most ? view->running : w->most;
    view->eta_s = estimate_eta(w);
    return view;
}

static void add_seconds(struct timespec *time, double seconds) {
    const double ns = (double)time->tv_nsec + seconds * 1e9;
    time->tv_sec += (time_t)(ns / 1e9);
    time->tv_nsec = (long)fmod(ns, 1e9);
}

static void *watch(void *watch_) {
    struct mu_watch *w = watch_;
    pthread_mutex_lock(&w->mutex);
    while (!w->stop) {
        pthread_mutex_unlock(&w->mutex);
        const double before = mu_monotonic_s();
        w->show(w->context, mu_watch_look(w));
        const double pause = fmax(LOOK_EVERY_S, (mu_monotonic_s() - before) / LOOK_SHARE);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        add_seconds(&until, pause);
        pthread_mutex_lock(&w->mutex);
        while (!w->stop && pthread_cond_timedwait(&w->wake, &w->mutex, &until) == 0) {
        }
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

int mu_watch_start(struct mu_watch *w, mu_watch_show *show, void *context, struct mu_err *err) {
    sigset_t all, before;
    w->show = show;
    w->context = context;
    sigfillset(&all); /* signals are for the thread that runs the study */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&w->thread, NULL, watch, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot start a thread: %s", strerror(failed));
    }
    w->started = true;
    return MU_OK;
}

void mu_watch_stop(struct mu_watch *w) {
    if (!w->started) {
        return;
    }
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    w->started = false;
    w->view.ended = true;
    w->show(w->context, mu_watch_look(w));
}
