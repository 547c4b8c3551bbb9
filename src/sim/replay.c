/* A trace is followed event by event. sim->events, the number of events handled so far, is the place in it: so a
 * checkpoint knows it too. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muster/base/mem.h"
#include "replay_impl.h"

struct step {
    struct mu_event_record event;
    uint64_t line; /* in the file, from 1 */
};

struct mu_replay {
    char *path;
    struct step *step;
    size_t n, capacity;
    uint64_t lines;
    struct mu_map ends; /* the jobs that arrive or are lost */
};

static const char *const names[] = {
    [MU_HAPPENED_ARRIVAL] = "arrival",           [MU_HAPPENED_LOSS] = "loss", [MU_HAPPENED_TIMER] = "timer",
    [MU_HAPPENED_AVAILABILITY] = "availability", [MU_HAPPENED_STOP] = "stop", [MU_HAPPENED_INTERRUPT] = "interrupt",
};

const char *mu_happening_name(int what) {
    return names[what];
}

static int fail_at(const struct mu_replay *r, uint64_t line, struct mu_err *err, const char *text) {
    char place[512];
    snprintf(place, sizeof place, "%.480s:%llu", r->path, (unsigned long long)line);
    return mu_fail(err, MU_BAD_CONFIG, place, "%s", text);
}

/* Where the value of a key of a one-line object begins, NULL if there is no such key. muster writes these lines, and no
 * text in them has escapes; the numbers are beyond what a double holds. */
static const char *find_value(const char *line, const char *key) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = strstr(line, quoted);
    if (at == NULL) {
        return NULL;
    }
    at += strlen(quoted);
    at += strspn(at, " ");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static bool read_u64(const char *line, const char *key, uint64_t *value) {
    const char *at = find_value(line, key);
    if (at == NULL || *at < '0' || *at > '9') {
        return false;
    }
    char *end;
    errno = 0;
    *value = strtoull(at, &end, 10);
    return errno == 0 && (*end == ',' || *end == '}' || *end == ' ');
}

/* -1 for an unknown word. */
static int read_happening(const char *line) {
    const char *at = find_value(line, "event");
    for (int i = 0; at != NULL && i < (int)(sizeof names / sizeof *names); i++) {
        const size_t n = strlen(names[i]);
        if (at[0] == '"' && strncmp(at + 1, names[i], n) == 0 && at[1 + n] == '"') {
            return i;
        }
    }
    return -1;
}

/* False if a member is missing or not a number. */
static bool read_event(const char *line, struct mu_event_record *e) {
    uint64_t client = 0;
    bool good = read_u64(line, "time_ns", &e->time_ns);
    if (e->what == MU_HAPPENED_ARRIVAL || e->what == MU_HAPPENED_LOSS) {
        good = good && read_u64(line, "job", &e->id) && read_u64(line, "client", &client) &&
               read_u64(line, "version", &e->version) && read_u64(line, "dispatch_ns", &e->dispatch_ns) && e->id > 0;
    } else if (e->what == MU_HAPPENED_TIMER) {
        good = good && read_u64(line, "id", &e->id);
    } else if (e->what == MU_HAPPENED_AVAILABILITY) {
        good = good && read_u64(line, "client", &client);
    }
    e->client = (uint32_t)client;
    return good && client <= UINT32_MAX;
}

static int take_line(struct mu_replay *r, const char *line, struct mu_err *err) {
    const size_t n = strlen(line);
    r->lines++;
    if (n < 2 || line[0] != '{' || line[n - 1] != '}') {
        return fail_at(r, r->lines, err, "not a whole record of a trace; was the run cut off?");
    }
    if (find_value(line, "event") == NULL) {
        return MU_OK; /* a job's record: it follows from the events */
    }
    const int what = read_happening(line);
    struct step step = {{.what = (enum mu_happening)what}, r->lines};
    if (what < 0 || !read_event(line, &step.event)) {
        return fail_at(r, r->lines, err, "not an event of a trace");
    }
    const uint64_t before = r->n > 0 ? r->step[r->n - 1].event.time_ns : 0;
    if (step.event.time_ns <= before) {
        return fail_at(r, r->lines, err, "this event is not later than the one before it");
    }
    if (what == MU_HAPPENED_ARRIVAL || what == MU_HAPPENED_LOSS) {
        if (mu_map_get(&r->ends, step.event.id) != NULL) {
            return fail_at(r, r->lines, err, "this job has ended before");
        }
        MU_TRY(mu_map_put(&r->ends, step.event.id, r, err));
    }
    void *steps = r->step;
    MU_TRY(mu_grow(&steps, &r->capacity, r->n + 1, sizeof *r->step, err));
    r->step = steps;
    r->step[r->n++] = step;
    return MU_OK;
}

static int read_file(struct mu_replay *r, FILE *f, struct mu_err *err) {
    char *line = NULL;
    size_t capacity = 0;
    int code = MU_OK;
    errno = 0;
    for (ssize_t n; code == MU_OK && (n = getline(&line, &capacity, f)) >= 0;) {
        if (n > 0 && line[n - 1] == '\n') {
            line[n - 1] = '\0';
        }
        code = take_line(r, line, err);
    }
    free(line);
    if (code == MU_OK && ferror(f)) {
        code = mu_fail(err, MU_IO, r->path, "cannot read: %s", strerror(errno));
    }
    if (code == MU_OK && r->n == 0) {
        mu_fail(err, MU_BAD_CONFIG, r->path, "there are no events in this trace to replay");
        code = mu_fail_help(err, "only runs with world.clock \"wall\", and replays of them, record events");
    }
    return code;
}

int mu_replay_new(struct mu_replay **replay, const char *path, struct mu_err *err) {
    struct mu_replay *r = *replay = mu_alloc(1, sizeof *r, err);
    if (r == NULL) {
        return err->code;
    }
    int code = (r->path = mu_strdup(path, err)) != NULL ? MU_OK : err->code;
    if (code == MU_OK) {
        FILE *f = fopen(path, "r");
        code = f != NULL ? read_file(r, f, err) : mu_fail(err, MU_IO, path, "cannot read: %s", strerror(errno));
        if (f != NULL) {
            fclose(f);
        }
    }
    if (code != MU_OK) {
        mu_replay_free(r);
        *replay = NULL;
    }
    return code;
}

void mu_replay_free(struct mu_replay *replay) {
    if (replay != NULL) {
        mu_free(replay->path);
        mu_free(replay->step);
        mu_map_clear(&replay->ends);
        mu_free(replay);
    }
}

bool mu_replay_arrives(const struct mu_replay *replay, mu_job job) {
    return mu_map_get(&replay->ends, job) != NULL;
}

static int misfit(const struct mu_sim *sim, const struct step *step, const char *text) {
    fail_at(sim->setup->replay, step->line, sim->err, text);
    return mu_fail_help(sim->err, "replay a trace with the config that wrote it: config.json of its directory");
}

static int check_job(const struct mu_sim *sim, const struct step *step) {
    const struct mu_event_record *e = &step->event;
    const struct mu_sim_job *job = mu_map_get(&sim->jobs, e->id);
    char text[300];
    if (job == NULL || job->arrived) {
        snprintf(text, sizeof text, "job %llu of client %u ends here, but in this run it is not in flight",
                 (unsigned long long)e->id, e->client);
        return misfit(sim, step, text);
    }
    if (job->client != e->client || job->version != e->version || job->dispatch_ns != e->dispatch_ns) {
        snprintf(text, sizeof text,
                 "job %llu is one of client %u from version %llu at %llu ns, but in this run of client %u from version "
                 "%llu at %llu ns",
                 (unsigned long long)e->id, e->client, (unsigned long long)e->version,
                 (unsigned long long)e->dispatch_ns, job->client, (unsigned long long)job->version,
                 (unsigned long long)job->dispatch_ns);
        return misfit(sim, step, text);
    }
    if (job->lost != (e->what == MU_HAPPENED_LOSS)) {
        snprintf(text, sizeof text, "job %llu of client %u %s here, but in this run's world it %s",
                 (unsigned long long)e->id, e->client, job->lost ? "arrives" : "is lost",
                 job->lost ? "is lost" : "is not");
        return misfit(sim, step, text);
    }
    return MU_OK;
}

static bool has_timer(const struct mu_queue *queue, uint64_t id) {
    for (size_t i = 0; i < queue->n; i++) {
        if (queue->heap[i].kind == MU_EVENT_TIMER && queue->heap[i].id == id) {
            return true;
        }
    }
    return false;
}

int mu_replay_next(struct mu_sim *sim, struct mu_event *event) {
    const struct mu_replay *r = sim->setup->replay;
    if (sim->events >= r->n) {
        fail_at(r, r->lines, sim->err, "the trace ends here, but the run has not met its stop condition");
        return mu_fail_help(sim->err, "to replay a run that was cut off, set stop.steps to a step it has reached");
    }
    const struct step *step = &r->step[sim->events];
    const struct mu_event_record *e = &step->event;
    *event = (struct mu_event){.time_ns = e->time_ns, .client = e->client, .id = e->id};
    switch (e->what) {
    case MU_HAPPENED_ARRIVAL:
    case MU_HAPPENED_LOSS:
        event->kind = MU_EVENT_ARRIVAL;
        return check_job(sim, step);
    case MU_HAPPENED_TIMER:
        event->kind = MU_EVENT_TIMER;
        return has_timer(&sim->queue, e->id) ? MU_OK : misfit(sim, step, "a timer that this run has not set");
    case MU_HAPPENED_AVAILABILITY:
        event->kind = MU_EVENT_AVAILABILITY;
        return e->client < sim->population.n && !mu_world_always_available(sim->setup->world)
                   ? MU_OK
                   : misfit(sim, step, "a client that does not come and go in this run's world");
    case MU_HAPPENED_STOP:
        *event = (struct mu_event){.time_ns = e->time_ns, .kind = MU_EVENT_STOP, .id = MU_END_TIME};
        return MU_OK;
    case MU_HAPPENED_INTERRUPT:
        *event = (struct mu_event){.time_ns = e->time_ns, .kind = MU_EVENT_STOP, .id = MU_END_REPLAY};
        return MU_OK;
    }
    return MU_OK;
}

void mu_replay_take(struct mu_sim *sim, const struct mu_event *event) {
    if (event->kind == MU_EVENT_TIMER) {
        (void)mu_queue_take_timer(&sim->queue, event->id);
    }
}

int mu_replay_record(struct mu_sim *sim, const struct mu_event *event) {
    const struct mu_observer *observer = sim->setup->observer;
    struct mu_event_record record = {.time_ns = event->time_ns, .id = event->id, .client = event->client};
    switch (event->kind) {
    case MU_EVENT_ARRIVAL: {
        const struct mu_sim_job *job = mu_map_get(&sim->jobs, event->id);
        if (job == NULL) {
            return MU_OK;
        }
        record.what = job->lost ? MU_HAPPENED_LOSS : MU_HAPPENED_ARRIVAL;
        record.version = job->version;
        record.dispatch_ns = job->dispatch_ns;
        break;
    }
    case MU_EVENT_TIMER:
        record.what = MU_HAPPENED_TIMER;
        break;
    case MU_EVENT_AVAILABILITY:
        record.what = MU_HAPPENED_AVAILABILITY;
        break;
    case MU_EVENT_STOP:
        record.what = event->id == MU_END_TIME ? MU_HAPPENED_STOP : MU_HAPPENED_INTERRUPT;
        break;
    case MU_EVENT_EVALUATE:
        return MU_OK;
    }
    return observer->event(observer->context, &record, sim->err);
}
