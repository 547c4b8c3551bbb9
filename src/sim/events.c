/* The flow of a run: commands out, reports in, events in their order. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "muster/base/clock.h"
#include "muster/base/mem.h"
#include "replay_impl.h"
#include "wall.h"

static int append(struct mu_sim *sim, int rank, const void *bytes, size_t n) {
    struct mu_outbox *box = &sim->outbox[rank];
    void *data = box->data;
    MU_TRY(mu_grow(&data, &box->capacity, box->n + n, 1, sim->err));
    box->data = data;
    if (n > 0) {
        memcpy(box->data + box->n, bytes, n);
    }
    box->n += n;
    return MU_OK;
}

int mu_sim_post(struct mu_sim *sim, int rank, const void *command) {
    return append(sim, rank, command, ((const struct mu_command *)command)->bytes);
}

int mu_sim_flush(struct mu_sim *sim) {
    int code = MU_OK;
    /* Others first: they work while rank 0 carries out its own. */
    for (int rank = mu_comm_size(sim->setup->comm) - 1; rank >= 0; rank--) {
        struct mu_outbox *box = &sim->outbox[rank];
        const size_t n = box->n;
        if (n == 0) {
            continue;
        }
        box->n = 0;
        if (rank > 0) {
            mu_comm_send(sim->setup->comm, rank, box->data, n);
        } else {
            code = mu_worker_obey(sim->worker, box->data, n, sim->err);
        }
    }
    return code;
}

int mu_sim_post_all(struct mu_sim *sim, const void *command) {
    for (int rank = 0; rank < mu_comm_size(sim->setup->comm); rank++) {
        MU_TRY(mu_sim_post(sim, rank, command));
    }
    return mu_sim_flush(sim);
}

static int by_cost(const void *a, const void *b) {
    const struct mu_sim_job *const x = *(struct mu_sim_job *const *)a, *const y = *(struct mu_sim_job *const *)b;
    if (x->cost != y->cost) {
        return x->cost > y->cost ? -1 : 1;
    }
    if (x->arrive_ns != y->arrive_ns) { /* the last ones may be cancelled before anybody has begun them */
        return x->arrive_ns < y->arrive_ns ? -1 : 1;
    }
    return x->id < y->id ? -1 : 1;
}

int mu_sim_home_rank(const struct mu_sim *sim, uint32_t client) {
    return (int)(client % (uint32_t)mu_comm_size(sim->setup->comm));
}

static int choose_rank(const struct mu_sim *sim, const struct mu_sim_job *job) {
    const int size = mu_comm_size(sim->setup->comm);
    if (sim->setup->strategy->client_vectors) {
        return mu_sim_home_rank(sim, job->client);
    }
    int best = size - 1;
    for (int rank = size - 2; rank >= 0; rank--) {
        if (sim->load[rank] < sim->load[best]) {
            best = rank;
        }
    }
    return best;
}

struct mu_train_command mu_sim_train_command(const struct mu_sim_job *job) {
    struct mu_tail tail[2];
    size_t bytes = sizeof(struct mu_train_command);
    for (size_t i = 0, n = mu_gradient_tail(job, tail); i < n; i++) {
        bytes += tail[i].bytes;
    }
    return (struct mu_train_command){
        .head = {MU_COMMAND_TRAIN, (uint32_t)bytes},
        .job = job->id,
        .client = job->client,
        .ordinal = job->ordinal,
        .slot = job->work.slot,
        .control = job->work.control,
        .bvr = job->work.bvr,
        .cached = job->work.cached,
        .lr = job->lr,
        .clip = job->clip,
        .parts = job->gradient != NULL ? job->gradient->parts : 0,
    };
}

int mu_sim_post_release(struct mu_sim *sim, const struct mu_sim_job *job, bool used) {
    const struct mu_release_command command = {{MU_COMMAND_RELEASE, sizeof command}, job->id, used};
    MU_TRY(mu_sim_post(sim, job->rank, &command));
    return sim->wall != NULL ? mu_wall_release(sim, job, used) : MU_OK;
}

int mu_sim_send_job(struct mu_sim *sim, struct mu_sim_job *job) {
    if (sim->wall != NULL) {
        return mu_wall_send(sim, job);
    }
    job->rank = choose_rank(sim, job);
    sim->load[job->rank] += job->cost;
    sim->retraining += job->arrived;
    const struct mu_train_command command = mu_sim_train_command(job);
    MU_TRY(append(sim, job->rank, &command, sizeof command));
    struct mu_tail tail[2];
    for (size_t i = 0, n = mu_gradient_tail(job, tail); i < n; i++) {
        MU_TRY(append(sim, job->rank, tail[i].data, tail[i].bytes));
    }
    return MU_OK;
}

int mu_sim_place(struct mu_sim *sim) {
    if (sim->n_unplaced > 1) {
        qsort(sim->unplaced, sim->n_unplaced, sizeof *sim->unplaced, by_cost);
    }
    for (size_t i = 0; i < sim->n_unplaced; i++) {
        MU_TRY(mu_sim_send_job(sim, sim->unplaced[i]));
    }
    sim->n_unplaced = 0;
    return mu_sim_flush(sim);
}

static bool is_same_result(const struct mu_local_result *a, const struct mu_local_result *b) {
    return a->steps == b->steps && a->samples == b->samples && a->loss == b->loss && a->max_abs == b->max_abs &&
           a->norm == b->norm;
}

/* The numbers of an update that was there before a resume are known: it must be the same again. */
static int check_retrained(struct mu_sim *sim, const struct mu_sim_job *job, const struct mu_report *report) {
    const bool same_parts = job->gradient == NULL || memcmp(job->gradient->max_abs, report->max_abs,
                                                            report->parts * sizeof *report->max_abs) == 0;
    if (is_same_result(&job->result, &report->result) && job->control_max_abs == report->control_max_abs &&
        same_parts) {
        return MU_OK;
    }
    mu_sim_fail(sim, MU_BAD_CONFIG, "job %llu of client %u gives another update than before the resume",
                (unsigned long long)job->id, job->client);
    return mu_fail_help(sim->err,
                        "the data, the build of muster or the processor are not what the run was started with");
}

int mu_sim_report(struct mu_sim *sim, const struct mu_report *report) {
    if (report->err.code != MU_OK) {
        *sim->err = report->err;
        return sim->err->code;
    }
    struct mu_sim_job *job = mu_map_get(&sim->jobs, report->job);
    if (job == NULL) {
        return MU_OK; /* cancelled while the report was on its way */
    }
    if (job->arrived) {
        MU_TRY(check_retrained(sim, job, report));
        sim->retraining--;
    }
    job->result = report->result;
    job->control_max_abs = report->control_max_abs;
    job->clipped = report->clipped != 0;
    if (job->gradient != NULL) {
        memcpy(job->gradient->max_abs, report->max_abs, report->parts * sizeof *report->max_abs);
    }
    job->reported = true;
    sim->load[job->rank] -= job->cost;
    return MU_OK;
}

void mu_sim_end(struct mu_sim *sim, enum mu_end end) {
    if (!sim->ended) {
        sim->ended = true;
        sim->result->end = end;
    }
}

/* The strategy hears that a job has ended without an update. */
static int lose(struct mu_sim *sim, struct mu_sim_job *job, enum mu_loss_cause cause) {
    const struct mu_loss loss = {job->id, job->client, cause};
    if (cause == MU_LOSS_DIVERGED) {
        MU_TRY(mu_sim_post_release(sim, job, false));
    }
    sim->result->dropped++;
    sim->fruitless++;
    sim->infinite += cause == MU_LOSS_DIVERGED;
    MU_TRY(mu_sim_close_job(sim, job, cause == MU_LOSS_DIVERGED ? MU_JOB_FAILED : MU_JOB_DROPPED));
    return sim->setup->strategy->lost(sim->setup->strategy_state, sim, &loss);
}

static int arrive(struct mu_sim *sim, struct mu_sim_job *job) {
    if (job == NULL) {
        return MU_OK; /* cancelled: the event outlives the job */
    }
    job->arrive_ns = sim->now_ns; /* news on the wall clock alone */
    if (!mu_world_always_available(sim->setup->world)) {
        /* The client may leave at this very moment; its AVAILABILITY event is still to come. */
        uint64_t until;
        mu_population_set_online(&sim->population, job->client,
                                 mu_world_available(sim->setup->world, job->client, sim->now_ns, &until));
    }
    mu_population_set_idle(&sim->population, job->client);
    sim->in_flight--;
    if (job->lost || job->useless) {
        return lose(sim, job, job->offline ? MU_LOSS_OFFLINE : MU_LOSS_DROPPED);
    }
    sim->result->bytes_up += mu_sim_bytes_up(sim, job);
    if (!isfinite(job->result.max_abs) || !isfinite(job->control_max_abs)) {
        return lose(sim, job, MU_LOSS_DIVERGED);
    }
    job->arrived = true;
    sim->fruitless = sim->infinite = 0;
    const struct mu_update update = *mu_sim_update(sim, job->id);
    return sim->setup->strategy->arrival(sim->setup->strategy_state, sim, &update);
}

/* Books whether a client can be reached now, and the event at which that will change. */
static int look_at_client(struct mu_sim *sim, uint32_t client) {
    uint64_t until;
    const bool online = mu_world_available(sim->setup->world, client, sim->now_ns, &until);
    mu_population_set_online(&sim->population, client, online);
    return until == MU_NEVER ? MU_OK : mu_sim_queue(sim, (struct mu_event){until, MU_EVENT_AVAILABILITY, client, 0});
}

int mu_sim_watch_clients(struct mu_sim *sim) {
    if (mu_world_always_available(sim->setup->world)) {
        return MU_OK;
    }
    for (uint32_t client = 0; client < sim->population.n; client++) {
        MU_TRY(look_at_client(sim, client));
    }
    return MU_OK;
}

static int change_availability(struct mu_sim *sim, uint32_t client) {
    const struct mu_strategy *strategy = sim->setup->strategy;
    const bool was_idle = mu_population_is_idle(&sim->population, client);
    MU_TRY(look_at_client(sim, client));
    sim->restless += sim->in_flight == 0;
    if (strategy->available != NULL && !was_idle && mu_population_is_idle(&sim->population, client)) {
        return strategy->available(sim->setup->strategy_state, sim, client);
    }
    return MU_OK;
}

static int handle(struct mu_sim *sim, const struct mu_event *event) {
    const struct mu_strategy *strategy = sim->setup->strategy;
    switch (event->kind) {
    case MU_EVENT_ARRIVAL:
        return arrive(sim, mu_map_get(&sim->jobs, event->id));
    case MU_EVENT_TIMER:
        return strategy->timer(sim->setup->strategy_state, sim, event->id);
    case MU_EVENT_AVAILABILITY:
        return change_availability(sim, event->client);
    case MU_EVENT_EVALUATE:
        return MU_OK;
    case MU_EVENT_STOP:
        mu_sim_end(sim, (enum mu_end)event->id);
        return MU_OK;
    }
    return MU_OK;
}

/* Whether the event can be handled: an arrival needs its job's numbers. */
static bool is_ready(const struct mu_sim *sim, const struct mu_event *event) {
    if (event->kind != MU_EVENT_ARRIVAL) {
        return true;
    }
    const struct mu_sim_job *job = mu_map_get(&sim->jobs, event->id);
    return job == NULL || job->lost || job->useless || job->reported;
}

/* A run that goes on without getting anywhere: job after job ends without an update. */
static int check_fruit(struct mu_sim *sim) {
    const uint32_t clients = sim->population.n;
    const uint64_t most_infinite = 100 + (clients < 1000 ? clients : 1000);
    const uint64_t most = 10000 + 100 * (uint64_t)(clients < 10000 ? clients : 10000);
    if (sim->infinite > most_infinite) {
        return mu_sim_fail(sim, MU_DIVERGED, "diverged at step %llu: %llu updates in a row were not finite",
                           (unsigned long long)sim->result->steps + 1, (unsigned long long)sim->infinite);
    }
    if (sim->fruitless > most) {
        return mu_sim_fail(sim, MU_BAD_CONFIG,
                           "the run gets nowhere at step %llu, %g s: the last %llu jobs were all lost or late",
                           (unsigned long long)sim->result->steps, (double)sim->now_ns / (double)MU_SECOND,
                           (unsigned long long)sim->fruitless);
    }
    return MU_OK;
}

int mu_sim_queue(struct mu_sim *sim, struct mu_event event) {
    if (sim->setup->replay != NULL && event.kind != MU_EVENT_TIMER) {
        return MU_OK;
    }
    return mu_queue_push(&sim->queue, event, sim->err);
}

/* A run that can never end: nothing is under way and nothing will set anything going. */
static int check_stall(struct mu_sim *sim) {
    /* On the wall clock an arrival is not an event before it has happened. */
    const bool silent = mu_queue_first(&sim->queue) == NULL && sim->in_flight == 0 && sim->setup->replay == NULL;
    /* Clients come and go for ever, but nobody gives them work: a hundred rounds of that are enough to tell. */
    if (!silent && sim->restless < 1000 + 100 * (uint64_t)sim->population.n) {
        return MU_OK;
    }
    if (sim->population.retired > 0) { /* they were asked for all that their privacy allows */
        mu_sim_end(sim, MU_END_PRIVACY);
        return MU_OK;
    }
    return mu_sim_fail(sim, MU_BAD_CONFIG,
                       "the run stalled at step %llu, %g s: no job is in flight%s, but the stop condition is not met",
                       (unsigned long long)sim->result->steps, (double)sim->now_ns / (double)MU_SECOND,
                       !silent                     ? ", clients come and go without being given work"
                       : sim->population.idle == 0 ? ", no client can be reached any more"
                                                   : " and no timer is pending");
}

int mu_sim_check_progress(struct mu_sim *sim) {
    MU_TRY(check_stall(sim));
    return check_fruit(sim);
}

int mu_sim_handle(struct mu_sim *sim, const struct mu_event *event) {
    sim->now_ns = event->time_ns;
    sim->events++;
    if (sim->setup->observer->event != NULL) {
        MU_TRY(mu_replay_record(sim, event));
    }
    MU_TRY(handle(sim, event));
    sim->notes = 0;
    if (sim->err->code != MU_OK) {
        return sim->err->code;
    }
    return sim->ended ? MU_OK : mu_sim_place(sim);
}

static bool is_save_due(const struct mu_sim *sim) {
    const struct mu_checkpointing *c = sim->setup->checkpoint;
    const uint64_t steps = sim->result->steps - sim->saved_step;
    return steps > 0 && ((c->every_steps > 0 && steps >= c->every_steps) ||
                         (c->every_s > 0 && mu_monotonic_s() - sim->saved_s >= c->every_s));
}

/* Between two events: saves the run if it is time, and ends it if that was asked for. */
static int pause_between(struct mu_sim *sim) {
    const struct mu_observer *observer = sim->setup->observer;
    const bool stop = observer->interrupted != NULL && observer->interrupted(observer->context);
    if (sim->setup->checkpoint != NULL && (stop || is_save_due(sim))) {
        MU_TRY(mu_checkpoint_save(sim));
        sim->saved_step = sim->result->steps;
        sim->saved_s = mu_monotonic_s();
        sim->result->saved = true;
    }
    if (stop) {
        mu_sim_end(sim, MU_END_INTERRUPTED);
    }
    return MU_OK;
}

/* Whether all has happened that is to happen before the pause. */
static bool is_pause_due(const struct mu_sim *sim, const struct mu_event *next) {
    const struct mu_pause *p = &sim->setup->pause;
    return (p->steps > 0 && sim->result->steps >= p->steps) || (p->updates > 0 && sim->result->updates >= p->updates) ||
           (p->time_ns > 0 && next->time_ns > p->time_ns);
}

/* Before the next event, so that a run that was killed here after its checkpoint does not go any further either. */
static int pause_before(struct mu_sim *sim) {
    MU_TRY(mu_checkpoint_save(sim));
    sim->result->saved = true;
    mu_sim_end(sim, MU_END_PAUSED);
    return MU_OK;
}

/* The next event's client is on its way from memory while this one is handled. */
static void fetch_ahead(const struct mu_sim *sim) {
    const struct mu_event *next = mu_queue_first(&sim->queue);
    if (next != NULL) {
        __builtin_prefetch(&sim->population.client[next->client]);
        __builtin_prefetch(&sim->population.place[next->client]);
    }
}

int mu_sim_advance(struct mu_sim *sim) {
    while (!sim->ended && sim->retraining == 0) {
        MU_TRY(mu_sim_check_progress(sim));
        if (sim->ended) {
            break;
        }
        struct mu_event event;
        if (sim->setup->replay != NULL) {
            MU_TRY(mu_replay_next(sim, &event));
        } else {
            event = *mu_queue_first(&sim->queue);
        }
        if (is_pause_due(sim, &event)) {
            return pause_before(sim);
        }
        if (!is_ready(sim, &event)) {
            return MU_OK;
        }
        if (sim->setup->replay != NULL) {
            mu_replay_take(sim, &event);
        } else {
            (void)mu_queue_pop(&sim->queue);
            fetch_ahead(sim);
        }
        MU_TRY(mu_sim_handle(sim, &event));
        if (!sim->ended) {
            MU_TRY(pause_between(sim));
        }
    }
    return MU_OK;
}
