/* What a strategy asks of the engine, the vectors aside. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "muster/base/mem.h"
#include "replay_impl.h"
#include "wall.h"

uint64_t mu_sim_now(const struct mu_sim *sim) {
    return sim->now_ns;
}

uint32_t mu_sim_clients(const struct mu_sim *sim) {
    return sim->population.n;
}

uint32_t mu_sim_idle(const struct mu_sim *sim) {
    return sim->population.idle;
}

bool mu_sim_is_idle(const struct mu_sim *sim, uint32_t client) {
    return mu_population_is_idle(&sim->population, client);
}

bool mu_sim_ended(const struct mu_sim *sim) {
    return sim->ended;
}

uint64_t mu_sim_rows(const struct mu_sim *sim) {
    return mu_data_total(sim->setup->data);
}

size_t mu_sim_dim(const struct mu_sim *sim) {
    return sim->dim;
}

double mu_sim_l2(const struct mu_sim *sim) {
    return mu_model_l2(sim->setup->model);
}

uint64_t mu_sim_seed(const struct mu_sim *sim) {
    return sim->setup->seed;
}

double mu_sim_step_norm(const struct mu_sim *sim, uint32_t slot) {
    return sim->slot[slot].step_norm;
}

uint64_t mu_sim_version(const struct mu_sim *sim, uint32_t slot) {
    return sim->slot[slot].current->number;
}

uint64_t mu_sim_samples(const struct mu_sim *sim, uint32_t client) {
    return mu_data_size(sim->setup->data, client);
}

double mu_sim_importance(const struct mu_sim *sim, uint32_t client) {
    if (sim->setup->importance == MU_IMPORTANCE_UNIFORM) {
        return 1.0 / sim->population.n;
    }
    return (double)mu_data_size(sim->setup->data, client) / (double)mu_data_total(sim->setup->data);
}

const struct mu_client_config *mu_sim_client(const struct mu_sim *sim) {
    return sim->setup->client;
}

double mu_sim_client_lr(const struct mu_sim *sim, uint64_t version) {
    const int64_t steps = sim->setup->stop->steps;
    return mu_client_lr(sim->setup->client, version, steps == MU_UNSET ? 0 : (uint64_t)steps);
}

const struct mu_update *mu_sim_update(struct mu_sim *sim, mu_job id) {
    const struct mu_sim_job *job = mu_map_get(&sim->jobs, id);
    assert(job != NULL && job->arrived);
    sim->update = (struct mu_update){
        .job = id,
        .client = job->client,
        .version = job->version,
        .staleness = mu_sim_version(sim, job->work.slot) - job->version,
        .samples = job->rows,
        .processed = job->result.samples,
        .steps = job->result.steps,
        .loss = job->result.loss,
        .norm = job->result.norm,
    };
    return &sim->update;
}

double mu_sim_expect(const struct mu_sim *sim, uint32_t client, uint64_t window_ns) {
    const uint64_t bytes = sim->model_bytes;
    const struct mu_job_request request = {client, 0, mu_sim_job_rows(sim->setup->client, mu_sim_samples(sim, client)),
                                           bytes, bytes};
    const double expected = mu_world_expect(sim->setup->world, &request, window_ns);
    return window_ns > 0 && expected < 1 ? 1 : expected;
}

uint64_t mu_sim_in_flight(const struct mu_sim *sim) {
    return sim->in_flight;
}

uint64_t mu_sim_participations(const struct mu_sim *sim, uint32_t client) {
    return sim->population.client[client].participations;
}

uint32_t mu_sim_sample(struct mu_sim *sim, enum mu_sampling how, double n, struct mu_pick *picks, uint32_t room) {
    uint32_t found = 0;
    /* A failure stays in err and ends the run when the callback returns. */
    (void)mu_population_sample(&sim->population, how, n, picks, room, &found, sim->err);
    return found;
}

uint64_t mu_sim_job_rows(const struct mu_client_config *c, uint64_t rows) {
    if (c->local_steps == MU_UNSET) {
        return rows * (uint64_t)(c->local_epochs == MU_UNSET ? 1 : c->local_epochs);
    }
    const uint64_t batch = c->batch_size == 0 || (uint64_t)c->batch_size > rows ? rows : (uint64_t)c->batch_size;
    return batch * (uint64_t)c->local_steps;
}

/* Rows that a job will process, those of a difference twice. */
static uint64_t cost_of(const struct mu_sim *sim, const struct mu_work *work, uint64_t rows) {
    if (work->gradient != NULL) {
        return mu_gradient_cost(work->gradient);
    }
    const struct mu_bvr_work *b = &work->bvr;
    return b->steps > 0 ? 2 * (b->steps - 1) * (b->batch < rows ? b->batch : rows)
                        : mu_sim_job_rows(sim->setup->client, rows);
}

static struct mu_sim_job *take_job(struct mu_sim *sim) {
    struct mu_sim_job *job = sim->free_jobs;
    if (job == NULL) {
        return mu_alloc(1, sizeof *job, sim->err);
    }
    sim->free_jobs = job->next_free;
    return job;
}

/* Bytes of the models a job is sent. Of several models in rotation the client has all but the newest. */
static uint64_t bytes_down(const struct mu_sim *sim, const struct mu_sim_job *job) {
    return (job->gradient == NULL && job->work.control != MU_NO_SLOT ? 2 : 1) * sim->model_bytes;
}

uint64_t mu_sim_bytes_up(const struct mu_sim *sim, const struct mu_sim_job *job) {
    if (job->gradient != NULL) {
        return job->gradient->parts * sim->dim * sizeof(double);
    }
    return job->work.bvr.steps > 0 ? sim->model_bytes : bytes_down(sim, job);
}

static struct mu_job_request request_of(const struct mu_sim *sim, const struct mu_sim_job *job) {
    return (struct mu_job_request){job->client, job->ordinal, job->cost, bytes_down(sim, job),
                                   mu_sim_bytes_up(sim, job)};
}

void mu_sim_note(struct mu_sim *sim, const char *name, double value) {
    size_t i = 0;
    while (i < sim->notes && strcmp(sim->note[i].name, name) != 0) {
        i++;
    }
    assert(i < MU_MAX_NOTES);
    sim->note[i] = (struct mu_note){name, value};
    sim->notes += i == sim->notes;
}

/* Whether nobody will ever see a job's numbers. On the wall clock it is really late, or not. */
static bool is_useless(const struct mu_sim *sim, const struct mu_sim_job *job) {
    if (sim->setup->replay != NULL) {
        return !mu_replay_arrives(sim->setup->replay, job->id);
    }
    return sim->wall == NULL && job->work.useful_until != 0 && job->arrive_ns > job->work.useful_until;
}

void mu_sim_fill_empty(const struct mu_sim *sim, struct mu_sim_job *job) {
    if (sim->dim == 0) {
        job->reported = true;
        job->result.samples = job->cost;
    }
}

int mu_sim_dispatch(struct mu_sim *sim, uint32_t client, const struct mu_work *work, mu_job *id) {
    if (id != NULL) {
        *id = 0;
    }
    if (sim->ended) {
        return MU_OK;
    }
    struct mu_sim_job *job = take_job(sim);
    if (job == NULL) {
        return sim->err->code;
    }
    struct mu_slot *slot = &sim->slot[work->slot];
    const uint64_t rows = mu_sim_samples(sim, client);
    *job = (struct mu_sim_job){
        .id = ++sim->dispatched,
        .client = client,
        .ordinal = work->gradient != NULL ? work->gradient->round : sim->population.client[client].ordinal++,
        .work = *work,
        .version = slot->current->number,
        .dispatch_ns = sim->now_ns,
        .rows = rows,
        .cost = cost_of(sim, work, rows),
        .lr = mu_sim_client_lr(sim, slot->current->number),
    };
    if (work->gradient != NULL) {
        MU_TRY(mu_gradient_take(sim, job, work->gradient));
        job->work.gradient = NULL; /* the caller's */
        job->work.control = MU_NO_SLOT;
    }
    MU_TRY(mu_private_dispatch(sim, job));
    const struct mu_job_request request = request_of(sim, job);
    const struct mu_job_time time = mu_world_job_at(sim->setup->world, &request, sim->now_ns);
    const bool instant = time.duration_ns == 0 && sim->setup->strategy->asynchronous;
    job->arrive_ns = mu_time_add(sim->now_ns, instant ? 1 : time.duration_ns);
    job->lost = time.lost;
    job->offline = time.offline;
    job->useless = is_useless(sim, job);
    sim->result->bytes_down += request.bytes_down;
    sim->in_flight++;
    sim->restless = 0;
    if (id != NULL) {
        *id = job->id;
    }
    MU_TRY(mu_map_put(&sim->jobs, job->id, job, sim->err));
    job->kept = slot->current;
    job->kept->refs++;
    if (job->work.control != MU_NO_SLOT) {
        job->kept_control = sim->slot[job->work.control].current;
        job->kept_control->refs++;
    }
    mu_population_set_busy(&sim->population, client);
    if (sim->wall == NULL || job->lost || sim->dim == 0) { /* on the wall clock other jobs come when they come */
        MU_TRY(mu_sim_queue(sim, (struct mu_event){job->arrive_ns, MU_EVENT_ARRIVAL, client, job->id}));
    }
    mu_sim_fill_empty(sim, job);
    if (job->lost || job->useless || job->reported) {
        return MU_OK; /* nobody will ever see its numbers, so nobody computes them */
    }
    void *unplaced = sim->unplaced;
    MU_TRY(mu_grow(&unplaced, &sim->unplaced_capacity, sim->n_unplaced + 1, sizeof *sim->unplaced, sim->err));
    sim->unplaced = unplaced;
    sim->unplaced[sim->n_unplaced++] = job;
    return MU_OK;
}

int mu_sim_close_job(struct mu_sim *sim, struct mu_sim_job *job, enum mu_job_status status) {
    const struct mu_observer *observer = sim->setup->observer;
    int code = MU_OK;
    if (observer->job != NULL) {
        const struct mu_job_record record = {
            job->id, job->client, job->version, job->dispatch_ns, job->arrive_ns,
            status,  job->step,   job->weight,  sim->now_ns,      request_of(sim, job),
        };
        code = observer->job(observer->context, &record, sim->err);
    }
    mu_version_drop(sim, job->work.slot, job->kept);
    mu_gradient_drop(sim, job);
    if (job->kept_control != NULL) {
        mu_version_drop(sim, job->work.control, job->kept_control);
    }
    (void)mu_map_take(&sim->jobs, job->id);
    job->next_free = sim->free_jobs;
    sim->free_jobs = job;
    return code;
}

int mu_sim_release(struct mu_sim *sim, mu_job id, bool used) {
    struct mu_sim_job *job = mu_map_get(&sim->jobs, id);
    assert(job != NULL && job->arrived);
    if (sim->dim > 0) {
        MU_TRY(mu_sim_post_release(sim, job, used));
    }
    if (!used) {
        sim->result->dropped++;
    } else if (sim->own_max_abs != NULL) {
        double *own = &sim->own_max_abs[job->client];
        *own = job->work.cached ? job->result.max_abs : *own + job->control_max_abs;
    }
    return mu_sim_close_job(sim, job, used ? MU_JOB_USED : MU_JOB_DROPPED);
}

int mu_sim_cancel(struct mu_sim *sim, mu_job id) {
    struct mu_sim_job *job = mu_map_get(&sim->jobs, id);
    assert(job != NULL && !job->arrived);
    MU_TRY(mu_sim_place(sim)); /* it may be among those that no rank has yet */
    if (sim->dim > 0 && !job->lost && !job->useless && sim->wall != NULL) {
        MU_TRY(mu_wall_cancel(sim, job));
    } else if (sim->dim > 0 && !job->lost && !job->useless) {
        const struct mu_release_command command = {{MU_COMMAND_RELEASE, sizeof command}, id, false};
        MU_TRY(mu_sim_post(sim, job->rank, &command));
        sim->load[job->rank] -= job->reported ? 0 : job->cost;
    }
    mu_population_set_idle(&sim->population, job->client);
    sim->in_flight--;
    sim->fruitless++;
    sim->result->dropped++;
    return mu_sim_close_job(sim, job, MU_JOB_LATE);
}

int mu_sim_timer(struct mu_sim *sim, uint64_t at, uint64_t id) {
    /* A fixed schedule may fall behind the wall clock. */
    const bool real = sim->wall != NULL || sim->setup->replay != NULL;
    assert(real || at >= sim->now_ns);
    const uint64_t due = real && at < sim->now_ns ? sim->now_ns : at;
    return mu_sim_queue(sim, (struct mu_event){due, MU_EVENT_TIMER, 0, id});
}

int mu_sim_fail(struct mu_sim *sim, int code, const char *format, ...) {
    char text[sizeof sim->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mu_fail(sim->err, code, sim->setup->file, "%s", text);
}
