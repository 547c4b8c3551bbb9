/* The wall clock on rank 0: dispatches out, updates in, every event stamped. */
#include "wall.h"

#include <assert.h>
#include <string.h>

#include "muster/base/log.h"
#include "muster/base/mem.h"
#include "worker_impl.h"

static const uint64_t look_ns = 20000000;      /* between two looks at whether the run was interrupted */
static const uint64_t grace_ns = 5000000000;   /* for the workers' last answer */
static const uint64_t progress_ns = 100000000; /* between two looks at the workers in that time */

struct mu_wall {
    struct mu_comm *comm; /* all ranks; the engine itself sees only its own */
    double scale;
    uint64_t start_ns; /* of the run on the monotonic clock; 0 before the first dispatch */
    uint64_t *load;    /* rows that each rank still has to process */
    uint64_t *sent;    /* [rank][slot]: version + 1 of the model that the rank has; 0: none */
};

static void free_wall(struct mu_wall *w) {
    if (w != NULL) {
        mu_free(w->load);
        mu_free(w->sent);
        mu_free(w);
    }
}

static int new_wall(struct mu_wall **wall, const struct mu_sim_setup *setup, struct mu_err *err) {
    struct mu_wall *w = *wall = mu_alloc(1, sizeof *w, err);
    if (w == NULL) {
        return err->code;
    }
    const size_t ranks = (size_t)mu_comm_size(setup->comm);
    w->comm = setup->comm;
    w->scale = setup->wall_scale;
    w->load = mu_alloc(ranks, sizeof *w->load, err);
    const size_t slots = mu_sim_models(setup->strategy, setup->strategy_state) + setup->strategy->auxiliary;
    w->sent = mu_alloc(ranks * slots, sizeof *w->sent, err);
    return w->load != NULL && w->sent != NULL ? MU_OK : err->code;
}

/* Simulated ns since the start. */
static uint64_t simulated_now(struct mu_wall *w) {
    const uint64_t now = mu_comm_clock_ns();
    if (w->start_ns == 0) {
        w->start_ns = now;
    }
    return (uint64_t)((double)(now - w->start_ns) / w->scale);
}

/* The monotonic time at which a simulated one comes. */
static uint64_t monotonic_time(const struct mu_wall *w, uint64_t simulated_ns) {
    const double wait = (double)simulated_ns * w->scale;
    return wait < 1e18 ? w->start_ns + (uint64_t)wait : MU_NEVER;
}

/* Stamps increase strictly, whatever happened at the same instant: the order of events is in them. */
static uint64_t stamp(const struct mu_sim *sim, uint64_t at) {
    return at > sim->now_ns ? at : sim->now_ns + 1;
}

static int choose_rank(const struct mu_wall *w, const struct mu_sim_job *job) {
    const int size = mu_comm_size(w->comm);
    if (job->work.control != MU_NO_SLOT) {
        return 1 + (int)(job->client % (uint32_t)(size - 1));
    }
    int best = 1;
    for (int rank = 2; rank < size; rank++) {
        best = w->load[rank] < w->load[best] ? rank : best;
    }
    return best;
}

static void post_model(struct mu_sim *sim, int rank, uint32_t slot, const struct mu_block *model) {
    const struct mu_install_command head = {{MU_WALL_MODEL, sizeof head}, slot};
    mu_comm_post(sim->wall->comm, rank, 2,
                 (const struct mu_span[]){{&head, sizeof head}, {model->data, sim->worker->pool.bytes}});
}

/* A job is sent before the next step of its slot, so its version is the slot's current one. */
static void send_model(struct mu_sim *sim, int rank, uint32_t slot) {
    const struct mu_worker *own = sim->worker;
    const uint64_t mark = sim->slot[slot].current->number + 1;
    uint64_t *sent = &sim->wall->sent[(size_t)rank * sim->slots + slot];
    if (*sent == mark) {
        return;
    }
    if (own->previous[slot] != NULL && *sent != mark - 1) {
        post_model(sim, rank, slot, own->previous[slot]); /* for differences the rank needs both */
    }
    post_model(sim, rank, slot, own->current[slot]);
    *sent = mark;
}

/* All models that the job needs. */
static void send_models(struct mu_sim *sim, int rank, const struct mu_sim_job *job) {
    const struct mu_gradient_order *g = job->gradient;
    for (uint64_t p = 0; g != NULL && p < g->parts; p++) {
        send_model(sim, rank, g->wire.slot[p]);
    }
    if (g == NULL) {
        send_model(sim, rank, job->work.slot);
    }
    if (job->work.control != MU_NO_SLOT) {
        send_model(sim, rank, job->work.control);
    }
}

int mu_wall_send(struct mu_sim *sim, struct mu_sim_job *job) {
    struct mu_wall *w = sim->wall;
    (void)simulated_now(w); /* the first dispatch starts the clock */
    const int rank = choose_rank(w, job);
    assert(job->version == sim->slot[job->work.slot].current->number);
    job->rank = 0; /* where its update will be */
    job->trainer = rank;
    w->load[rank] += job->cost;
    sim->load[0] += job->cost;
    send_models(sim, rank, job);
    const double delay = (double)(job->arrive_ns - job->dispatch_ns) * w->scale;
    const struct mu_wall_train message = {
        .head = {MU_WALL_TRAIN, sizeof message},
        .delay_ns = delay < 1e18 ? (uint64_t)delay : (uint64_t)1e18,
        .order = mu_sim_train_command(job),
    };
    struct mu_tail tail[2] = {0};
    const size_t tails = mu_gradient_tail(job, tail);
    mu_comm_post(w->comm, rank, 1 + tails,
                 (const struct mu_span[]){
                     {&message, sizeof message}, {tail[0].data, tail[0].bytes}, {tail[1].data, tail[1].bytes}});
    return MU_OK;
}

static void send_release(struct mu_sim *sim, const struct mu_sim_job *job, bool used) {
    const struct mu_release_command message = {{MU_WALL_RELEASE, sizeof message}, job->id, used};
    mu_comm_post(sim->wall->comm, job->trainer, 1, &(struct mu_span){&message, sizeof message});
}

int mu_wall_cancel(struct mu_sim *sim, const struct mu_sim_job *job) {
    assert(!job->reported);
    sim->wall->load[job->trainer] -= job->cost;
    sim->load[0] -= job->cost;
    send_release(sim, job, false);
    return MU_OK;
}

int mu_wall_release(struct mu_sim *sim, const struct mu_sim_job *job, bool used) {
    if (job->work.control != MU_NO_SLOT) {
        send_release(sim, job, used);
    }
    return MU_OK;
}

static int take_answer(struct mu_sim *sim, const void *message) {
    const struct mu_wall_answer *answer = message;
    const struct mu_sim_job *job = mu_map_get(&sim->jobs, answer->report.job);
    if (job == NULL) { /* cancelled while it was on its way; or no job, but a failure */
        return mu_sim_report(sim, &answer->report);
    }
    const struct mu_train_command order = mu_sim_train_command(job);
    MU_TRY(mu_sim_report(sim, &answer->report));
    MU_TRY(mu_worker_adopt(sim->worker, &order, answer->parts, (const unsigned char *)(answer + 1), sim->err));
    sim->wall->load[job->trainer] -= job->cost;
    const struct mu_event event = {stamp(sim, simulated_now(sim->wall)), MU_EVENT_ARRIVAL, job->client, job->id};
    return mu_sim_handle(sim, &event);
}

/* Handles what is queued (timers, losses, changes of availability, the end) and due, the first of it. It is stamped
 * with the time it was due at, though it comes a little later. */
static int handle_due(struct mu_sim *sim, bool *found) {
    const struct mu_event *first = mu_queue_first(&sim->queue);
    *found = first != NULL && first->time_ns <= simulated_now(sim->wall);
    if (!*found) {
        return MU_OK;
    }
    struct mu_event event = mu_queue_pop(&sim->queue);
    if (event.kind == MU_EVENT_ARRIVAL && mu_map_get(&sim->jobs, event.id) == NULL) {
        return MU_OK; /* the loss of a job that was cancelled before */
    }
    event.time_ns = stamp(sim, event.time_ns);
    return mu_sim_handle(sim, &event);
}

int mu_wall_advance(struct mu_sim *sim) {
    struct mu_wall *w = sim->wall;
    const struct mu_observer *observer = sim->setup->observer;
    if (observer->interrupted != NULL && observer->interrupted(observer->context)) {
        const struct mu_event event = {stamp(sim, simulated_now(w)), MU_EVENT_STOP, 0, MU_END_INTERRUPTED};
        return mu_sim_handle(sim, &event);
    }
    MU_TRY(mu_sim_check_progress(sim));
    if (sim->ended) {
        return MU_OK;
    }
    bool found;
    MU_TRY(handle_due(sim, &found));
    if (sim->ended) {
        return MU_OK;
    }
    /* Messages have their turn after each due event, or timers that are always late would keep them out. */
    uint64_t until = 0;
    if (!found) {
        const struct mu_event *first = mu_queue_first(&sim->queue);
        const uint64_t due = first != NULL ? monotonic_time(w, first->time_ns) : MU_NEVER;
        const uint64_t look = mu_comm_clock_ns() + look_ns;
        until = due < look ? due : look;
    }
    const void *message;
    size_t bytes;
    const enum mu_activity before = mu_worker_begin(sim->worker, MU_WAIT);
    const bool came = mu_comm_wait_until(w->comm, until, NULL, &message, &bytes);
    mu_worker_begin(sim->worker, before);
    if (!came) {
        return MU_OK;
    }
    /* A nap may have ended late: what was due before the message was taken in comes before it. */
    MU_TRY(handle_due(sim, &found));
    return sim->ended ? MU_OK : take_answer(sim, message);
}

static void post_all(struct mu_comm *comm, uint32_t kind) {
    const struct mu_command message = {kind, sizeof message};
    for (int rank = 1; rank < mu_comm_size(comm); rank++) {
        mu_comm_post(comm, rank, 1, &(struct mu_span){&message, sizeof message});
    }
}

/* Stops the workers. One that does not answer in time is left behind, and with it all collectives. */
static void dismiss(struct mu_comm *comm) {
    const int others = mu_comm_size(comm) - 1;
    const uint64_t until = mu_comm_clock_ns() + grace_ns;
    int answers = 0;
    post_all(comm, MU_WALL_STOP);
    while (answers < others && mu_comm_clock_ns() < until) {
        const void *message;
        size_t bytes;
        if (mu_comm_wait_until(comm, mu_comm_clock_ns() + progress_ns, NULL, &message, &bytes)) {
            answers += ((const struct mu_wall_answer *)message)->kind == MU_WALL_BYE;
        }
    }
    if (answers == others) {
        post_all(comm, MU_WALL_GO);
        return;
    }
    mu_warn("%d of %d workers did not answer within %.0f s of the end of the run; they are left behind",
            others - answers, others, (double)grace_ns * 1e-9);
    mu_comm_abandon(comm);
}

int mu_wall_run(const struct mu_sim_setup *setup, struct mu_sim_result *result, struct mu_err *err) {
    struct mu_comm *comm = setup->comm;
    const bool root = mu_comm_rank(comm) == 0;
    struct mu_sim_setup local = *setup;
    struct mu_worker *worker = NULL;
    struct mu_wall *wall = NULL;
    *result = (struct mu_sim_result){0};
    assert(mu_comm_size(comm) >= 2);
    local.comm = mu_comm_solo();
    local.checkpoint = NULL; /* what races cannot be resumed; it can be replayed */
    int code =
        local.comm != NULL ? mu_worker_new(&worker, &local, err) : mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    if (code == MU_OK && root) {
        result->clock = mu_alloc((size_t)mu_comm_size(comm), sizeof *result->clock, err);
        code = result->clock != NULL ? new_wall(&wall, setup, err) : err->code;
    }
    code = mu_comm_agree(comm, code, err);
    if (code == MU_OK) {
        code = mu_private_share_key(worker, comm, "", err);
    }
    if (code == MU_OK) {
        if (root) {
            code = mu_sim_coordinate(&local, worker, wall, NULL, result, err);
            dismiss(comm);
        } else {
            mu_wall_serve(worker, comm);
        }
        mu_worker_begin(worker, MU_PLAN);
        mu_comm_gather(comm, mu_worker_clock(worker), sizeof(struct mu_clock), result->clock);
        code = mu_comm_agree(comm, code, err);
    }
    free_wall(wall);
    mu_worker_free(worker);
    mu_comm_stop(local.comm);
    if (code != MU_OK) {
        mu_sim_result_clear(result);
    }
    return code;
}
