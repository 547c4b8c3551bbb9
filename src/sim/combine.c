/* Vectors on the coordinator: versions, exact combinations, server steps. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "muster/base/exact.h"
#include "muster/base/mem.h"
#include "sim_impl.h"

int mu_version_new(struct mu_sim *sim, uint32_t slot, uint64_t number, struct mu_version **version) {
    struct mu_version *v = sim->free_versions;
    if (v != NULL) {
        sim->free_versions = v->next_free;
    } else {
        if ((v = mu_alloc(1, sizeof *v, sim->err)) == NULL) {
            return sim->err->code;
        }
        if ((v->x = mu_alloc(sim->dim, sizeof *v->x, sim->err)) == NULL) {
            mu_free(v);
            return sim->err->code;
        }
    }
    v->number = number;
    v->refs = 1;
    const int code = mu_map_put(&sim->slot[slot].versions, number + 1, v, sim->err);
    if (code != MU_OK) {
        v->next_free = sim->free_versions;
        sim->free_versions = v;
        return code;
    }
    *version = v;
    return MU_OK;
}

void mu_version_drop(struct mu_sim *sim, uint32_t slot, struct mu_version *version) {
    assert(version->refs > 0);
    if (--version->refs == 0) {
        (void)mu_map_take(&sim->slot[slot].versions, version->number + 1);
        version->next_free = sim->free_versions;
        sim->free_versions = version;
    }
}

int mu_step_parts_add(struct mu_step_parts *parts, const struct mu_sim_job *job, uint64_t staleness, double weight,
                      struct mu_err *err) {
    const size_t need = parts->n + 1;
    void *jobs = parts->job, *stale = parts->staleness, *clients = parts->client, *weights = parts->weight;
    MU_TRY(mu_grow(&jobs, &parts->job_capacity, need, sizeof *parts->job, err));
    parts->job = jobs;
    MU_TRY(mu_grow(&stale, &parts->staleness_capacity, need, sizeof *parts->staleness, err));
    parts->staleness = stale;
    MU_TRY(mu_grow(&clients, &parts->client_capacity, need, sizeof *parts->client, err));
    parts->client = clients;
    MU_TRY(mu_grow(&weights, &parts->weight_capacity, need, sizeof *parts->weight, err));
    parts->weight = weights;
    parts->job[parts->n] = job->id;
    parts->staleness[parts->n] = staleness;
    parts->client[parts->n] = job->client;
    parts->weight[parts->n] = weight;
    parts->n++;
    return MU_OK;
}

void mu_step_parts_clear(struct mu_step_parts *parts) {
    mu_free(parts->job);
    mu_free(parts->staleness);
    mu_free(parts->client);
    mu_free(parts->weight);
    *parts = (struct mu_step_parts){0};
}

static const struct mu_version *version_of(const struct mu_sim *sim, const struct mu_term *term) {
    const struct mu_version *version = mu_map_get(&sim->slot[term->part].versions, term->id + 1);
    assert(version != NULL);
    return version;
}

static double term_max_abs(const struct mu_sim *sim, const struct mu_term *term) {
    if (term->kind == MU_TERM_VERSION) {
        return version_of(sim, term)->max_abs;
    }
    if (term->kind == MU_TERM_CLIENT) {
        return sim->own_max_abs[term->id];
    }
    const struct mu_sim_job *job = mu_map_get(&sim->jobs, term->id);
    assert(job != NULL && job->arrived);
    if (job->gradient != NULL) {
        assert(term->part < job->gradient->parts);
        return job->gradient->max_abs[term->part];
    }
    return term->part == 0 ? job->result.max_abs : job->control_max_abs;
}

/* The rank that holds a term's vector; -1 for versions, which rank 0 adds by itself. */
static int rank_of(const struct mu_sim *sim, const struct mu_term *term) {
    switch (term->kind) {
    case MU_TERM_UPDATE:
        return ((const struct mu_sim_job *)mu_map_get(&sim->jobs, term->id))->rank;
    case MU_TERM_CLIENT:
        return mu_sim_home_rank(sim, (uint32_t)term->id);
    case MU_TERM_VERSION:
        break;
    }
    return -1;
}

/* Gives each rank its terms, weights in units. */
static int post_combine(struct mu_sim *sim, int rank, int shift, double unit, size_t n, const struct mu_term *terms) {
    struct mu_combine_command command = {{MU_COMMAND_COMBINE, sizeof command}, shift, 0};
    struct mu_outbox *box = &sim->outbox[rank];
    const size_t start = box->n;
    MU_TRY(mu_sim_post(sim, rank, &command));
    void *data = box->data;
    MU_TRY(mu_grow(&data, &box->capacity, box->n + n * sizeof(struct mu_wire_term), 1, sim->err));
    box->data = data;
    struct mu_wire_term *wire = (void *)(box->data + box->n);
    for (size_t i = 0; i < n; i++) {
        if (rank_of(sim, &terms[i]) == rank) {
            const uint64_t part = terms[i].kind == MU_TERM_CLIENT ? MU_WIRE_OWN : terms[i].part;
            wire[command.n++] = (struct mu_wire_term){terms[i].id, part, terms[i].weight / unit};
        }
    }
    command.head.bytes += (uint32_t)(command.n * sizeof *wire);
    memcpy(box->data + start, &command, sizeof command);
    box->n = start + command.head.bytes;
    return MU_OK;
}

/* Books the updates' weights for the step and the totals; the control variates' parts are not weights of the model. */
static int book_terms(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms) {
    for (size_t i = 0; i < n; i++) {
        if (terms[i].kind != MU_TERM_UPDATE || slot >= sim->models) {
            continue;
        }
        struct mu_sim_job *job = mu_map_get(&sim->jobs, terms[i].id);
        const struct mu_gradient_order *g = job->gradient;
        const uint32_t about = g != NULL ? g->wire.slot[terms[i].part] : job->work.slot;
        const uint64_t from = g != NULL ? g->kept[terms[i].part]->number : job->version;
        const uint64_t staleness = mu_sim_version(sim, about) - from;
        const bool again = g != NULL && job->step != 0; /* another part of it has been used */
        if (again && job->step == sim->result->steps + 1) {
            continue; /* in this very step */
        }
        job->weight = terms[i].weight;
        job->step = sim->result->steps + 1;
        MU_TRY(mu_step_parts_add(&sim->parts, job, staleness, terms[i].weight, sim->err));
        const struct mu_local_result *r = &job->result;
        struct mu_tally *tally = &sim->tally;
        tally->updates++;
        tally->loss += again ? 0 : r->loss * (double)r->samples;
        tally->rows += again ? 0 : (double)r->samples;
        tally->staleness += (double)staleness;
        tally->staleness_max = staleness > tally->staleness_max ? staleness : tally->staleness_max;
        sim->samples += again ? 0 : r->samples;
        sim->result->updates += again ? 0 : 1;
        struct mu_client_record *client = &sim->population.client[job->client];
        client->participations += again ? 0 : 1;
        client->used_weight += terms[i].weight;
    }
    return MU_OK;
}

/* The fixed point of a sum: as fine as the numbers allow; an exact private one must not follow them. */
static int choose_shift(struct mu_sim *sim, size_t n, const struct mu_term *terms, bool exact, int *shift) {
    double bound = 0;
    for (size_t i = 0; i < n; i++) {
        bound += fabs(terms[i].weight) * term_max_abs(sim, &terms[i]);
    }
    if (!isfinite(bound)) {
        return mu_sim_fail(sim, MU_DIVERGED, "diverged at step %llu: a combination is not finite",
                           (unsigned long long)sim->result->steps + 1);
    }
    *shift = exact ? sim->private.lattice.shift : mu_exact_shift(bound);
    return MU_OK;
}

int mu_sim_combine(struct mu_sim *sim, uint32_t slot_number, double carry, size_t n, const struct mu_term *terms) {
    struct mu_slot *slot = &sim->slot[slot_number];
    const bool private = slot_number < sim->models && mu_private_clients(sim);
    const bool exact = private && sim->private.p->exact;
    const double unit = exact ? 1 / sim->private.p->cohort : 1; /* that an exact sum counts contributions in */
    MU_TRY(book_terms(sim, slot_number, n, terms));
    if (sim->dim == 0) {
        return private ? mu_private_account(sim, slot_number, n, terms) : MU_OK;
    }
    int shift = 0;
    MU_TRY(choose_shift(sim, n, terms, exact, &shift));
    MU_TRY(mu_sim_place(sim));
    for (int rank = 0; rank < mu_comm_size(sim->setup->comm); rank++) {
        MU_TRY(post_combine(sim, rank, shift, unit, n, terms));
    }
    MU_TRY(mu_sim_flush(sim));
    const enum mu_activity before = mu_worker_begin(sim->worker, MU_COMBINE);
    int64_t *sum = mu_worker_sum(sim->worker);
    for (size_t i = 0; i < n; i++) {
        if (terms[i].kind == MU_TERM_VERSION) {
            mu_exact_add_f64(sum, sim->dim, terms[i].weight, shift, version_of(sim, &terms[i])->x);
        }
    }
    if (exact) {
        MU_TRY(mu_private_noise_sum(sim, slot_number, n, terms, sum));
    }
    double *fresh = carry != 0 ? sim->scratch : slot->direction;
    mu_exact_read(fresh, sim->dim, shift, sum);
    for (size_t i = 0; exact && i < sim->dim; i++) {
        fresh[i] *= unit;
    }
    if (private && !exact) {
        MU_TRY(mu_private_noise_direction(sim, slot_number, n, terms, fresh));
    }
    for (size_t i = 0; carry != 0 && i < sim->dim; i++) {
        slot->direction[i] = carry * slot->direction[i] + sim->scratch[i];
    }
    mu_worker_begin(sim->worker, before);
    return private ? mu_private_account(sim, slot_number, n, terms) : MU_OK;
}

/* Writes the model in its training type and returns the largest magnitude, infinite if anything is not finite there. */
static double narrow(const struct mu_sim *sim, const double *x, void *next) {
    if (mu_model_elem(sim->setup->model) == MU_F64) {
        memcpy(next, x, sim->dim * sizeof *x);
        return mu_max_abs_f64(sim->dim, x);
    }
    float *restrict out = next;
    for (size_t i = 0; i < sim->dim; i++) {
        out[i] = (float)x[i];
    }
    return isfinite(mu_max_abs_f32(sim->dim, out)) ? mu_max_abs_f64(sim->dim, x) : INFINITY;
}

int mu_sim_spread(struct mu_sim *sim, uint32_t slot, struct mu_version *version) {
    if (sim->dim == 0) {
        return MU_OK;
    }
    const enum mu_activity before = mu_worker_begin(sim->worker, MU_INSTALL);
    version->max_abs = narrow(sim, version->x, mu_worker_next(sim->worker));
    mu_worker_begin(sim->worker, before);
    if (!isfinite(version->max_abs)) {
        return mu_sim_fail(sim, MU_DIVERGED, "diverged at step %llu: the model is not finite",
                           (unsigned long long)sim->result->steps);
    }
    const struct mu_install_command command = {{MU_COMMAND_INSTALL, sizeof command}, slot};
    return mu_sim_post_all(sim, &command);
}

static double distance(size_t n, const double *a, const double *b) {
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        square += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(square);
}

/* Makes a version the slot's current one, here and on every rank. */
static int install(struct mu_sim *sim, uint32_t slot_number, struct mu_version *version) {
    struct mu_slot *slot = &sim->slot[slot_number];
    MU_TRY(mu_sim_spread(sim, slot_number, version));
    if (sim->setup->strategy->differences) {
        if (slot->previous != NULL) {
            mu_version_drop(sim, slot_number, slot->previous);
        }
        slot->previous = slot->current;
        slot->step_norm = slot->previous != NULL ? distance(sim->dim, slot->previous->x, version->x) : 0;
    } else if (slot->current != NULL) {
        mu_version_drop(sim, slot_number, slot->current);
    }
    slot->current = version;
    return MU_OK;
}

int mu_sim_install_first(struct mu_sim *sim) {
    for (uint32_t i = 0; i < sim->slots; i++) {
        struct mu_version *first = NULL;
        MU_TRY(mu_version_new(sim, i, 0, &first));
        if (i < sim->models) {
            mu_model_init(sim->setup->model, sim->setup->seed + i, first->x);
        }
        MU_TRY(install(sim, i, first));
    }
    return MU_OK;
}

static int finish_step(struct mu_sim *sim, uint32_t slot_number) {
    const struct mu_sim_setup *setup = sim->setup;
    const struct mu_step_record record = {
        sim->result->steps,   sim->now_ns,       slot_number,       sim->parts.n, sim->parts.job,
        sim->parts.staleness, sim->parts.client, sim->parts.weight, sim->notes,   sim->note,
    };
    if (setup->observer->step != NULL) {
        MU_TRY(setup->observer->step(setup->observer->context, &record, sim->err));
    }
    sim->parts.n = 0;
    const int64_t every = setup->evaluate->every_steps;
    if (every > 0 && sim->result->steps % (uint64_t)every == 0) {
        MU_TRY(mu_sim_evaluate(sim));
    }
    if (setup->stop->steps != MU_UNSET && sim->result->steps >= (uint64_t)setup->stop->steps) {
        mu_sim_end(sim, MU_END_STEPS);
    }
    if (setup->stop->updates != MU_UNSET && sim->result->updates >= (uint64_t)setup->stop->updates) {
        mu_sim_end(sim, MU_END_UPDATES);
    }
    return MU_OK;
}

int mu_sim_step(struct mu_sim *sim, uint32_t slot) {
    return mu_sim_step_scaled(sim, slot, 1);
}

int mu_sim_step_scaled(struct mu_sim *sim, uint32_t slot_number, double scale) {
    struct mu_slot *slot = &sim->slot[slot_number];
    const bool auxiliary = slot_number >= sim->models;
    /* Jobs that start from the version before this step must be on their ranks before the new one is. */
    MU_TRY(mu_sim_place(sim));
    struct mu_version *next = NULL;
    MU_TRY(mu_version_new(sim, slot_number, slot->current->number + 1, &next));
    slot->steps++;
    if (auxiliary) {
        for (size_t i = 0; i < sim->dim; i++) {
            next->x[i] = slot->current->x[i] + slot->direction[i];
        }
    } else {
        sim->result->steps++;
        sim->optimizer->step(sim->setup->server_optimizer->options, slot->steps, sim->dim, slot->direction,
                             slot->current->x, slot->moment, next->x);
    }
    for (size_t i = 0; scale != 1 && i < sim->dim; i++) {
        next->x[i] = slot->current->x[i] + scale * (next->x[i] - slot->current->x[i]);
    }
    MU_TRY(install(sim, slot_number, next));
    return auxiliary ? MU_OK : finish_step(sim, slot_number);
}
