/* Life of a worker, and the commands other than training and scoring. */
#include "worker_impl.h"

#include <assert.h>
#include <string.h>

#include "muster/base/clock.h"
#include "muster/base/exact.h"
#include "muster/base/mem.h"

enum mu_activity mu_worker_begin(struct mu_worker *worker, enum mu_activity activity) {
    const enum mu_activity before = worker->activity;
    const double now = mu_monotonic_s();
    worker->clock.s[before] += now - worker->since;
    worker->since = now;
    worker->activity = activity;
    return before;
}

const struct mu_clock *mu_worker_clock(const struct mu_worker *worker) {
    return &worker->clock;
}

/* Arrays whose size is known from the start. */
static int allocate(struct mu_worker *w, struct mu_err *err) {
    const struct mu_sim_setup *setup = w->setup;
    w->blocks = (mu_data_test(setup->data)->n + MU_SCORE_ROWS - 1) / MU_SCORE_ROWS;
    w->scores = mu_alloc(2 * w->blocks * w->models, sizeof *w->scores, err);
    w->current = mu_alloc(w->slots, sizeof(struct mu_block *), err);
    w->previous = mu_alloc(w->slots, sizeof(struct mu_block *), err);
    w->edition = mu_alloc(w->slots, sizeof *w->edition, err);
    if (w->scores == NULL || w->current == NULL || w->previous == NULL || w->edition == NULL) {
        return err->code;
    }
    if (setup->evaluate->train == MU_TRAIN_LOSS_FULL) {
        w->client_losses = mu_alloc(mu_data_clients(setup->data), sizeof *w->client_losses, err);
        if (w->client_losses == NULL) {
            return err->code;
        }
    }
    if (setup->strategy->client_vectors) {
        MU_TRY(mu_block_take(&w->pool, &w->drift, err));
    }
    if (setup->strategy->gradients) {
        MU_TRY(mu_block_take(&w->wide, &w->at, err));
        MU_TRY(mu_block_take(&w->wide, &w->at_before, err));
        MU_TRY(mu_block_take(&w->wide, &w->chunk, err));
        MU_TRY(mu_summer_new(&w->summer, setup->model, w->elem, err));
    }
    MU_TRY(mu_trainer_new(&w->trainer, setup->model, setup->client, err));
    MU_TRY(mu_workspace_new(&w->scorer, setup->model, MU_SCORE_ROWS, err));
    return mu_block_take(&w->pool, &w->next, err);
}

static int make_worker(struct mu_worker **worker, const struct mu_sim_setup *setup, struct mu_err *err) {
    struct mu_worker *w = *worker = mu_alloc(1, sizeof *w, err);
    if (w == NULL) {
        return err->code;
    }
    w->setup = setup;
    w->comm = setup->comm;
    w->dim = mu_model_dim(setup->model);
    w->elem = mu_model_elem(setup->model);
    w->models = mu_sim_models(setup->strategy, setup->strategy_state);
    w->slots = w->models + setup->strategy->auxiliary;
    w->pool.bytes = w->dim * mu_elem_bytes(w->elem);
    w->wide.bytes = w->dim * sizeof(double);
    w->last = &w->first;
    w->since = mu_monotonic_s();
    return allocate(w, err);
}

int mu_worker_new(struct mu_worker **worker, const struct mu_sim_setup *setup, struct mu_err *err) {
    int code = mu_comm_agree(setup->comm, make_worker(worker, setup, err), err);
    if (code == MU_OK) {
        code = mu_sum_new(&(*worker)->sum, setup->comm, (*worker)->dim, err);
    }
    if (code != MU_OK) {
        mu_worker_free(*worker); /* without a sum this is no collective */
        *worker = NULL;
    }
    return code;
}

struct mu_block_pool *mu_worker_pool(struct mu_worker *w, const struct mu_held_job *job) {
    return job->order.parts > 0 ? &w->wide : &w->pool;
}

void mu_worker_drop_job(struct mu_worker *w, struct mu_held_job *job) {
    mu_block_drop(&w->pool, job->start);
    mu_block_drop(&w->pool, job->control);
    for (size_t i = 0; i < job->parts; i++) {
        mu_block_drop(mu_worker_pool(w, job), job->part[i]);
    }
    mu_worker_drop_gradient(w, job);
    job->start = job->control = job->part[0] = NULL;
    job->parts = 0;
    job->next = w->recycled;
    w->recycled = job;
}

void mu_worker_free(struct mu_worker *w) {
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->jobs.capacity; i++) {
        if (w->jobs.entry[i].key != 0) {
            mu_worker_drop_job(w, w->jobs.entry[i].value);
        }
    }
    for (size_t i = 0; i < w->vectors.capacity; i++) {
        mu_block_drop(&w->pool, w->vectors.entry[i].value);
    }
    for (uint32_t i = 0; w->current != NULL && i < w->slots; i++) {
        mu_block_drop(&w->pool, w->current[i]);
        mu_block_drop(&w->pool, w->previous != NULL ? w->previous[i] : NULL);
    }
    mu_block_drop(&w->pool, w->next);
    mu_block_drop(&w->pool, w->drift);
    mu_block_drop(&w->wide, w->at);
    mu_block_drop(&w->wide, w->at_before);
    mu_summer_free(w->summer);
    mu_block_drop(&w->wide, w->chunk);
    mu_chunk_cache_free(w);
    mu_block_pool_clear(&w->pool);
    mu_block_pool_clear(&w->wide);
    while (w->recycled != NULL) {
        struct mu_held_job *job = w->recycled;
        w->recycled = job->next;
        mu_free(job);
    }
    mu_map_clear(&w->jobs);
    mu_map_clear(&w->vectors);
    mu_trainer_free(w->trainer);
    mu_workspace_free(w->scorer);
    mu_space_clear(&w->space);
    mu_space_clear(&w->score_space);
    mu_sum_free(&w->sum, w->comm);
    mu_free(w->scores);
    mu_free(w->client_losses);
    mu_free(w->current);
    mu_free(w->previous);
    mu_free(w->edition);
    mu_free(w);
}

/* The vector of a term and its type; NULL for a client's own that is still zero. */
static const void *term_data(const struct mu_worker *w, const struct mu_wire_term *term, enum mu_elem *elem) {
    *elem = w->elem;
    if (term->part == MU_WIRE_OWN) {
        const struct mu_block *own = mu_map_get(&w->vectors, term->id + 1);
        return own != NULL ? own->data : NULL;
    }
    const struct mu_held_job *job = mu_map_get(&w->jobs, term->id);
    assert(job != NULL && term->part < job->parts && job->part[term->part] != NULL);
    *elem = job->order.parts > 0 ? MU_F64 : w->elem;
    return job->part[term->part]->data;
}

/* Numbers that are summed over all terms before the next ones: they stay in the first-level cache meanwhile. */
enum { SUM_BLOCK = 2048 };

/* sum[at..at+n) = the terms of this rank there. */
static void add_terms(struct mu_worker *w, const struct mu_combine_command *command, size_t at, size_t n) {
    const struct mu_wire_term *term = (const void *)(command + 1);
    int64_t *sum = w->sum.mine + at;
    memset(sum, 0, n * sizeof *sum);
    for (uint64_t i = 0; i < command->n; i++) {
        enum mu_elem elem;
        const void *x = term_data(w, &term[i], &elem);
        if (x == NULL) {
            continue;
        }
        if (elem == MU_F32) {
            mu_exact_add_f32(sum, n, term[i].weight, (int)command->shift, (const float *)x + at);
        } else {
            mu_exact_add_f64(sum, n, term[i].weight, (int)command->shift, (const double *)x + at);
        }
    }
}

static void combine(struct mu_worker *w, const struct mu_combine_command *command) {
    const enum mu_activity before = mu_worker_begin(w, MU_COMBINE);
    for (size_t at = 0; at < w->dim; at += SUM_BLOCK) {
        add_terms(w, command, at, w->dim - at < SUM_BLOCK ? w->dim - at : SUM_BLOCK);
    }
    /* The barrier is there for the clock alone: waiting for the slowest rank is not the sum's cost. */
    mu_worker_begin(w, MU_WAIT);
    mu_comm_barrier(w->comm);
    mu_worker_begin(w, MU_COMBINE);
    mu_sum_reduce(&w->sum, w->comm);
    mu_worker_begin(w, before);
}

static int install(struct mu_worker *w, const struct mu_install_command *command, struct mu_err *err) {
    const enum mu_activity before = mu_worker_begin(w, MU_INSTALL);
    if (w->next == NULL) {
        mu_comm_abort(w->comm, MU_RANK_FAILED); /* out of memory, reported when it happened */
    }
    mu_comm_bcast(w->comm, w->next->data, w->pool.bytes);
    struct mu_block *replaced = w->current[command->slot];
    if (w->setup->strategy->differences) {
        mu_block_drop(&w->pool, w->previous[command->slot]);
        w->previous[command->slot] = replaced;
    } else {
        mu_block_drop(&w->pool, replaced);
    }
    w->current[command->slot] = w->next;
    w->edition[command->slot]++;
    mu_chunk_cache_forget(w, (uint32_t)command->slot);
    w->next = NULL;
    const int code = mu_block_take(&w->pool, &w->next, err);
    mu_worker_begin(w, before);
    return code;
}

static int queue_job(struct mu_worker *w, const struct mu_train_command *order, struct mu_err *err) {
    struct mu_held_job *job = w->recycled;
    if (job != NULL) {
        w->recycled = job->next;
    } else if ((job = mu_alloc(1, sizeof *job, err)) == NULL) {
        return err->code;
    }
    *job = (struct mu_held_job){.order = *order};
    const int code = mu_map_put(&w->jobs, order->job, job, err);
    if (code != MU_OK) {
        mu_free(job);
        return code;
    }
    if (order->parts > 0) {
        MU_TRY(mu_worker_take_gradient(w, job, order, err));
    } else {
        job->start = mu_block_hold(w->current[order->slot]);
    }
    if (order->control != MU_NO_SLOT) {
        job->control = mu_block_hold(w->current[order->control]);
    }
    *w->last = job;
    w->last = &job->next;
    return MU_OK;
}

/* The client's own vector changes only now, when its update has been used. */
static int commit_own(struct mu_worker *w, struct mu_held_job *job, struct mu_err *err) {
    const uint64_t key = (uint64_t)job->order.client + 1;
    struct mu_block *own = mu_map_take(&w->vectors, key);
    if (job->order.cached) {
        mu_block_drop(&w->pool, own);
        return mu_map_put(&w->vectors, key, mu_block_hold(job->part[0]), err);
    }
    if (own == NULL) {
        MU_TRY(mu_block_take(&w->pool, &own, err));
        memset(own->data, 0, w->pool.bytes);
    }
    mu_control_commit(w->elem, w->dim, own->data, job->part[1]->data);
    return mu_map_put(&w->vectors, key, own, err);
}

static void unlink_waiting(struct mu_worker *w, const struct mu_held_job *job) {
    for (struct mu_held_job **at = &w->first; *at != NULL; at = &(*at)->next) {
        if (*at == job) {
            *at = job->next;
            if (*at == NULL) {
                w->last = at;
            }
            return;
        }
    }
}

static int release(struct mu_worker *w, const struct mu_release_command *command, struct mu_err *err) {
    struct mu_held_job *job = mu_map_take(&w->jobs, command->job);
    assert(job != NULL);
    if (job == w->running) {
        w->abandoned = true; /* its memory is in use until the training loop lets go of it */
        return MU_OK;
    }
    if (job->part[0] == NULL) {
        unlink_waiting(w, job);
    }
    int code = MU_OK;
    if (command->used && (job->order.cached || (job->order.control != MU_NO_SLOT && job->order.bvr.steps == 0))) {
        code = commit_own(w, job, err);
    }
    mu_worker_drop_job(w, job);
    return code;
}

static int obey_one(struct mu_worker *w, const struct mu_command *command, struct mu_err *err) {
    switch ((enum mu_command_kind)command->kind) {
    case MU_COMMAND_TRAIN:
        return queue_job(w, (const void *)command, err);
    case MU_COMMAND_COMBINE:
        combine(w, (const void *)command);
        return MU_OK;
    case MU_COMMAND_INSTALL:
        return install(w, (const void *)command, err);
    case MU_COMMAND_EVALUATE:
        return mu_worker_score(w, ((const struct mu_evaluate_command *)(const void *)command)->train, err);
    case MU_COMMAND_SAVE:
        return mu_checkpoint_save_vectors(w, ((const struct mu_save_command *)(const void *)command)->directory, err);
    case MU_COMMAND_RELEASE:
        return release(w, (const void *)command, err);
    case MU_COMMAND_STOP:
        w->stopped = true;
        return MU_OK;
    }
    return MU_OK;
}

int mu_worker_obey(struct mu_worker *worker, const void *commands, size_t bytes, struct mu_err *err) {
    int code = MU_OK;
    for (const unsigned char *at = commands, *end = at + bytes; at < end;) {
        const struct mu_command *command = (const void *)at;
        /* After a failure the collectives are still taken part in, or the others would wait for ever. */
        const int one = obey_one(worker, command, err);
        code = code != MU_OK ? code : one;
        at += command->bytes;
    }
    return code;
}

int64_t *mu_worker_sum(struct mu_worker *worker) {
    return worker->sum.mine;
}

void *mu_worker_next(struct mu_worker *worker) {
    return worker->next->data;
}

const double *mu_worker_scores(const struct mu_worker *worker, size_t *blocks) {
    *blocks = worker->blocks * worker->models;
    return worker->scores;
}

const double *mu_worker_client_losses(const struct mu_worker *worker) {
    return worker->client_losses;
}
