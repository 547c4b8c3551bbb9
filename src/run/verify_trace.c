/* trace.jsonl: every job ends exactly once, at the time its world gives it, and no more are in flight than may be. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "verify.h"

static uint64_t ns_of(double seconds) {
    return (uint64_t)llround(seconds * (double)MU_SECOND);
}

static double seconds_of(uint64_t ns) {
    return (double)ns / (double)MU_SECOND;
}

/* Half a ns and the rounding of a long time to a double. */
static bool is_same_time(double a, double b) {
    return fabs(a - b) <= 5e-10 + 4 * DBL_EPSILON * fabs(a);
}

static int take_status(struct mu_verification *v, const cJSON *record, enum mu_job_status *status) {
    static const char *const names[] = {
        [MU_JOB_USED] = "used", [MU_JOB_DROPPED] = "dropped", [MU_JOB_LATE] = "late", [MU_JOB_FAILED] = "failed"};
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, "status"));
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *status = (enum mu_job_status)i;
            return MU_OK;
        }
    }
    return mu_broken(v, "there is no status of a job");
}

static const struct mu_strategy *strategy_of(const struct mu_verification *v) {
    return mu_scenario_strategy(v->stage->scenario);
}

static uint64_t model_bytes(const struct mu_verification *v) {
    return mu_model_dim(v->stage->model) * mu_elem_bytes(mu_model_elem(v->stage->model));
}

/* What a job's duration is drawn for. Training follows from the config; what gradient work is given only its strategy
 * knows, from all that has happened before, so the trace says it. Its messages are a model one way, some float64
 * vectors the other. A strategy of gradients may have walks beside them, with a second vector on the way there. */
static int take_gradient(struct mu_verification *v, const cJSON *record, uint64_t id, struct mu_seen_job *job) {
    uint64_t ordinal = 0;
    struct mu_job_request *r = &job->request;
    MU_TRY(mu_take_count(v, record, "ordinal", &ordinal));
    MU_TRY(mu_take_count(v, record, "samples", &r->samples));
    MU_TRY(mu_take_count(v, record, "bytes_down", &r->bytes_down));
    MU_TRY(mu_take_count(v, record, "bytes_up", &r->bytes_up));
    const uint64_t model = model_bytes(v), vector = mu_model_dim(v->stage->model) * sizeof(double);
    r->client = job->client;
    r->ordinal = (uint32_t)ordinal;
    job->parts = vector > 0 ? r->bytes_up / vector : MU_MAX_PARTS;
    const bool gradient = r->bytes_down == model && r->bytes_up == (vector > 0 ? job->parts * vector : 0);
    if (gradient && job->parts >= 1 && job->parts <= MU_MAX_PARTS && ordinal <= UINT32_MAX) {
        return MU_OK;
    }
    job->parts = 0;
    if (strategy_of(v)->auxiliary > 0 && r->bytes_down == 2 * model && r->bytes_up == model && ordinal <= UINT32_MAX) {
        return MU_OK;
    }
    return mu_broken(v,
                     "job %" PRIu64 " is number %" PRIu64 " of its client, with %" PRIu64 " bytes down and %" PRIu64
                     " up; a model has %" PRIu64 ", a gradient %" PRIu64,
                     id, ordinal, r->bytes_down, r->bytes_up, model, vector);
}

static int take_job(struct mu_verification *v, const cJSON *record) {
    struct mu_seen_job job = {.seen = true, .line = v->line};
    uint64_t id = 0, client = 0;
    double step = 0;
    MU_TRY(mu_take_count(v, record, "job", &id));
    MU_TRY(mu_take_count(v, record, "client", &client));
    MU_TRY(mu_take_count(v, record, "version", &job.version));
    MU_TRY(mu_take_real(v, record, "dispatch_s", &job.dispatch_s));
    MU_TRY(mu_take_real(v, record, "arrive_s", &job.arrive_s));
    MU_TRY(mu_take_real(v, record, "end_s", &job.end_s));
    MU_TRY(mu_take_real(v, record, "step", &step));
    MU_TRY(mu_take_real(v, record, "weight", &job.weight));
    MU_TRY(take_status(v, record, &job.status));
    job.step = step >= 1 ? (uint64_t)step : 0;
    job.client = (uint32_t)client;
    if (client >= mu_data_clients(v->stage->data)) {
        return mu_broken(v, "there is no client %" PRIu64, client);
    }
    /* An id of nonsense must not be met with memory. */
    if (id == 0 || id > 1000 * (v->line + 1000)) {
        return mu_broken(v, "job %" PRIu64 " is not one of this run", id);
    }
    if (!(job.dispatch_s >= 0) || !(job.arrive_s >= job.dispatch_s) || !(job.end_s >= job.dispatch_s) ||
        (job.status != MU_JOB_LATE && job.end_s < job.arrive_s && !is_same_time(job.end_s, job.arrive_s))) {
        return mu_broken(v, "time runs back: job %" PRIu64 " dispatched at %.9g s arrives at %.9g s and ends at %.9g s",
                         id, job.dispatch_s, job.arrive_s, job.end_s);
    }
    if (job.end_s < v->last_end_s) {
        return mu_broken(v, "time runs back: job %" PRIu64 " ends at %.9g s, the one before it at %.9g s", id,
                         job.end_s, v->last_end_s);
    }
    v->last_end_s = job.end_s;
    if (strategy_of(v)->gradients) {
        MU_TRY(take_gradient(v, record, id, &job));
    }
    /* Gradients may have gone into a vector beside the models, and so into no step that is one of a model. */
    const bool beside = job.step == 0 && job.parts > 0 && strategy_of(v)->auxiliary > 0;
    if (job.status == MU_JOB_USED && !beside && (job.step == 0 || !isfinite(job.weight))) {
        return mu_broken(v, "job %" PRIu64 " was used, but in no step", id);
    }
    void *jobs = v->job;
    MU_TRY(mu_grow(&jobs, &v->job_capacity, id, sizeof job, v->err));
    v->job = jobs;
    v->jobs = id > v->jobs ? id : v->jobs;
    if (v->job[id - 1].seen) {
        return mu_broken(v, "job %" PRIu64 " ends twice; first in line %" PRIu64, id, v->job[id - 1].line);
    }
    v->job[id - 1] = job;
    return MU_OK;
}

static int take_event(struct mu_verification *v, const cJSON *record, const char *what) {
    struct mu_seen_event event = {.line = v->line, .loss = strcmp(what, "loss") == 0};
    double time_ns = 0, dispatch_ns = 0;
    MU_TRY(mu_take_real(v, record, "time_ns", &time_ns));
    event.time_s = time_ns / (double)MU_SECOND;
    if (!(event.time_s > v->last_event_s)) {
        return mu_broken(v, "time runs back: an event at %.9g s after one at %.9g s", event.time_s, v->last_event_s);
    }
    v->last_event_s = event.time_s;
    if (!event.loss && strcmp(what, "arrival") != 0) {
        return MU_OK;
    }
    MU_TRY(mu_take_count(v, record, "job", &event.job));
    MU_TRY(mu_take_count(v, record, "version", &event.version));
    MU_TRY(mu_take_real(v, record, "dispatch_ns", &dispatch_ns));
    event.dispatch_s = dispatch_ns / (double)MU_SECOND;
    void *events = v->event;
    MU_TRY(mu_grow(&events, &v->event_capacity, v->events + 1, sizeof event, v->err));
    v->event = events;
    v->event[v->events++] = event;
    return MU_OK;
}

static int take_record(struct mu_verification *v, const cJSON *record) {
    const char *what = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, "event"));
    return what != NULL ? take_event(v, record, what) : take_job(v, record);
}

/* Each event is a job's end, each end of a job that was not given up is an event. */
static int check_events(struct mu_verification *v) {
    for (size_t i = 0; i < v->events; i++) {
        const struct mu_seen_event *e = &v->event[i];
        v->line = e->line;
        struct mu_seen_job *job = e->job > 0 && e->job <= v->jobs ? &v->job[e->job - 1] : NULL;
        if (job == NULL || job->happened || !is_same_time(e->time_s, job->arrive_s) ||
            !is_same_time(e->dispatch_s, job->dispatch_s) || e->version != job->version || e->loss != job->lost) {
            return mu_broken(v, "the event is not that of job %" PRIu64 " as its record has it", e->job);
        }
        job->happened = true;
    }
    for (size_t i = 0; v->events > 0 && i < v->jobs; i++) {
        v->line = v->job[i].line;
        if (v->job[i].happened != (v->job[i].status != MU_JOB_LATE)) {
            return mu_broken(v, "job %zu %s", i + 1,
                             v->job[i].happened ? "arrived and is late" : "ended, but no event says so");
        }
    }
    return MU_OK;
}

/* The request of the client's next training; or, of gradient work, that no two jobs in a row have drawn the same.
 * ordinal: of the client's next training, or one more than that of its last gradient work. */
static int check_request(struct mu_verification *v, struct mu_seen_job *job, size_t id, uint64_t *ordinal) {
    const struct mu_stage *s = v->stage;
    const struct mu_strategy *strategy = strategy_of(v);
    if (strategy->gradients) {
        const uint64_t next = job->request.ordinal + UINT64_C(1);
        if (job->parts > 0 && *ordinal == next) {
            return mu_broken(v, "job %zu of client %u has drawn its duration for %u, as the job before it", id,
                             job->client, job->request.ordinal);
        }
        *ordinal = job->parts > 0 ? next : *ordinal;
        return MU_OK;
    }
    const uint64_t bytes = (strategy->control ? 2 : 1) * model_bytes(v);
    const uint64_t rows = mu_sim_job_rows(&s->scenario->client, mu_data_size(s->data, job->client));
    job->request = (struct mu_job_request){job->client, (uint32_t)(*ordinal)++, rows, bytes, bytes};
    return MU_OK;
}

/* arrive = dispatch + duration, the duration drawn anew; on the wall clock at least that, unless it was given up. */
static int check_duration(struct mu_verification *v, struct mu_seen_job *job, size_t id) {
    const struct mu_stage *s = v->stage;
    const struct mu_strategy *strategy = strategy_of(v);
    const struct mu_job_time time = mu_world_job_at(s->world, &job->request, ns_of(job->dispatch_s));
    const uint64_t duration = time.duration_ns == 0 && strategy->asynchronous ? 1 : time.duration_ns;
    const double expected = job->dispatch_s + seconds_of(duration);
    job->lost = time.lost && job->status != MU_JOB_LATE;
    if (job->lost && job->status != MU_JOB_DROPPED) {
        return mu_broken(v, "job %zu was lost by the world, but delivered an update", id);
    }
    const struct mu_world_config *world = &s->scenario->world;
    if (mu_world_keeps_events(world) && job->status != MU_JOB_LATE) {
        const double slack_s = 1e-3 / world->wall_scale; /* a millisecond of the real clock */
        if (job->arrive_s < expected - slack_s) {
            return mu_broken(v, "job %zu arrives at %.9g s, but its duration is not over before %.9g s", id,
                             job->arrive_s, expected);
        }
    } else if (!is_same_time(job->arrive_s, expected)) {
        return mu_broken(v, "job %zu arrives at %.9f s, but dispatch and duration are %.9f s and %.9f s", id,
                         job->arrive_s, job->dispatch_s, seconds_of(duration));
    }
    return MU_OK;
}

/* When a job stops being in flight. */
static double flight_end(const struct mu_seen_job *job) {
    return job->status == MU_JOB_LATE ? job->end_s : job->arrive_s;
}

/* In the order of dispatch: who was dispatched when, and how long it took. */
static int check_jobs(struct mu_verification *v, uint64_t *ordinal, double *free_s) {
    double before = 0;
    for (size_t i = 0; i < v->jobs; i++) {
        struct mu_seen_job *job = &v->job[i];
        v->line = job->line;
        if (!job->seen) {
            return mu_broken(v, "job %zu never ends", i + 1);
        }
        if (job->dispatch_s < before) {
            return mu_broken(v, "time runs back: job %zu was dispatched at %.9g s, the one before it at %.9g s", i + 1,
                             job->dispatch_s, before);
        }
        before = job->dispatch_s;
        if (job->dispatch_s < free_s[job->client]) {
            return mu_broken(v, "client %u got job %zu at %.9g s, but was busy until %.9g s", job->client, i + 1,
                             job->dispatch_s, free_s[job->client]);
        }
        free_s[job->client] = flight_end(job);
        MU_TRY(check_request(v, job, i + 1, &ordinal[job->client]));
        MU_TRY(check_duration(v, job, i + 1));
    }
    v->line = 0;
    return MU_OK;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* At one instant, places become free before they are filled. */
static int check_concurrency(struct mu_verification *v) {
    const struct mu_choice *choice = &v->stage->scenario->server.strategy;
    const struct mu_strategy *strategy = (const void *)choice->kind;
    const uint32_t clients = mu_data_clients(v->stage->data);
    const uint64_t most =
        strategy->concurrency != NULL ? strategy->concurrency(choice->options, clients) : (uint64_t)clients;
    double *end = mu_alloc(v->jobs, sizeof *end, v->err);
    if (end == NULL) {
        return v->err->code;
    }
    for (size_t i = 0; i < v->jobs; i++) {
        end[i] = flight_end(&v->job[i]);
    }
    qsort(end, v->jobs, sizeof *end, by_value);
    int code = MU_OK;
    for (size_t i = 0, ended = 0; i < v->jobs && code == MU_OK; i++) {
        while (ended < v->jobs && end[ended] <= v->job[i].dispatch_s) {
            ended++;
        }
        if (i + 1 > ended + most) {
            v->line = v->job[i].line;
            code = mu_broken(v, "job %zu makes %zu in flight at %.9g s, of %" PRIu64 " that may be", i + 1,
                             i + 1 - ended, v->job[i].dispatch_s, most);
        }
    }
    mu_free(end);
    return code;
}

int mu_verify_trace(struct mu_verification *v) {
    const uint32_t clients = mu_data_clients(v->stage->data);
    MU_TRY(mu_each_record(v, "trace.jsonl", take_record));
    uint64_t *ordinal = mu_alloc(clients, sizeof *ordinal, v->err);
    double *free_s = mu_alloc(clients, sizeof *free_s, v->err);
    int code = ordinal != NULL && free_s != NULL ? check_jobs(v, ordinal, free_s) : v->err->code;
    mu_free(ordinal);
    mu_free(free_s);
    code = code != MU_OK ? code : check_events(v);
    code = code != MU_OK ? code : check_concurrency(v);
    v->line = 0;
    return code;
}
