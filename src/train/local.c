/* Local training: batches, the optimizer, and the update with its norms. */
#include "muster/train/local.h"

#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "passes.h"
#include "trainer.h"

int mu_trainer_new(struct mu_trainer **out, const struct mu_model *model, const struct mu_client_config *config,
                   struct mu_err *err) {
    int rc = MU_OK;
    *out = NULL;
    struct mu_trainer *const trainer = mu_alloc(1, sizeof *trainer, err);
    if (trainer == NULL) {
        return err->code;
    }
    trainer->model = model;
    trainer->config = config;
    trainer->optimizer = (const struct mu_optimizer_kind *)config->optimizer.kind;
    trainer->dim = mu_model_dim(model);
    trainer->f32 = mu_model_elem(model) == MU_F32;
    trainer->l2 = mu_model_l2(model);
    const size_t bytes = mu_elem_bytes(mu_model_elem(model));
    if ((rc = mu_workspace_new(&trainer->ws, model, MU_BLOCK_ROWS, err)) != MU_OK) {
        goto done;
    }
    if ((trainer->gradient = mu_alloc_uninit(trainer->dim, bytes, err)) == NULL) {
        rc = err->code;
        goto done;
    }
    for (size_t s = 0; s < trainer->optimizer->states; s++) {
        if ((trainer->state[s] = mu_alloc_uninit(trainer->dim, bytes, err)) == NULL) {
            rc = err->code;
            goto done;
        }
    }
    *out = trainer;
done:
    if (rc != MU_OK) {
        mu_trainer_free(trainer);
    }
    return rc;
}

void mu_trainer_free(struct mu_trainer *trainer) {
    if (trainer == NULL) {
        return;
    }
    mu_workspace_free(trainer->ws);
    mu_free(trainer->gradient);
    for (size_t s = 0; s < MU_OPTIMIZER_STATES; s++) {
        mu_free(trainer->state[s]);
    }
    mu_free(trainer->order);
    mu_free(trainer);
}

struct mu_workspace *mu_trainer_workspace(struct mu_trainer *trainer) {
    return trainer->ws;
}

/* Mean gradient of a batch (index NULL: rows 0..n-1) at y into trainer->gradient, block by block. */
static int accumulate(struct mu_trainer *trainer, const struct mu_rows *rows, size_t n, const uint32_t *index,
                      const void *y, double *loss, const struct mu_poll *poll) {
    for (size_t first = 0; first < n; first += MU_BLOCK_ROWS) {
        const size_t m = n - first < MU_BLOCK_ROWS ? n - first : MU_BLOCK_ROWS;
        const struct mu_rows part = index == NULL ? mu_rows_part(rows, first, m) : *rows;
        if (first > 0 && poll != NULL) {
            MU_TRY(poll->call(poll->context));
        }
        *loss += (double)m * mu_model_gradient(trainer->ws, &part, m, index == NULL ? NULL : index + first,
                                               (double)m / (double)n, first == 0 ? 0 : 1, y, trainer->gradient);
    }
    return MU_OK;
}

void mu_trainer_regularise(struct mu_trainer *trainer, const struct mu_local_job *job, const void *y) {
    const double mu = trainer->config->proximal_mu;
    if (trainer->l2 == 0 && mu == 0 && job->drift == NULL) {
        return;
    }
    if (trainer->f32) {
        mu_pass_regularise_f32(trainer->dim, trainer->l2, mu, y, job->start, job->drift, trainer->gradient);
    } else {
        mu_pass_regularise_f64(trainer->dim, trainer->l2, mu, y, job->start, job->drift, trainer->gradient);
    }
}

void mu_trainer_optimize(struct mu_trainer *trainer, uint64_t step, double lr, void *y) {
    const struct mu_optimizer_kind *const optimizer = trainer->optimizer;
    const void *const options = trainer->config->optimizer.options;
    if (trainer->f32) {
        float *const state[MU_OPTIMIZER_STATES] = {trainer->state[0], trainer->state[1]};
        optimizer->step_f32(options, step, lr, trainer->dim, state, trainer->gradient, y);
    } else {
        double *const state[MU_OPTIMIZER_STATES] = {trainer->state[0], trainer->state[1]};
        optimizer->step_f64(options, step, lr, trainer->dim, state, trainer->gradient, y);
    }
}

/* One optimizer step on a batch. */
static int step(struct mu_trainer *trainer, const struct mu_local_job *job, size_t n, const uint32_t *index, void *y,
                struct mu_progress *progress, const struct mu_poll *poll) {
    const bool fused =
        trainer->optimizer->plain && n <= MU_BLOCK_ROWS && trainer->config->proximal_mu == 0 && job->drift == NULL;
    if (fused) {
        progress->loss +=
            (double)n * mu_model_gradient(trainer->ws, job->rows, n, index, -job->lr, 1 - job->lr * trainer->l2, y, y);
    } else {
        MU_TRY(accumulate(trainer, job->rows, n, index, y, &progress->loss, poll));
        mu_trainer_regularise(trainer, job, y);
        mu_trainer_optimize(trainer, progress->result->steps + 1, job->lr, y);
    }
    progress->result->steps++;
    progress->result->samples += n;
    return MU_OK;
}

/* Draws the order of the next epoch: each shuffles the last one's on, from the same sequence. */
static void begin_epoch(struct mu_trainer *trainer, size_t n, struct mu_progress *progress) {
    mu_rng_shuffle(&progress->rng, n, trainer->order);
    progress->next = 0;
}

/* Steps until the job's epochs or steps are done. */
static int train(struct mu_trainer *trainer, const struct mu_local_job *job, void *y, struct mu_progress *progress,
                 const struct mu_poll *poll) {
    const struct mu_client_config *const config = trainer->config;
    const size_t n = job->rows->n;
    const bool all = config->batch_size == 0 || (uint64_t)config->batch_size >= n;
    const size_t batch = all ? n : (size_t)config->batch_size;
    const uint64_t steps = mu_client_steps(config, n);
    while (progress->result->steps < steps) {
        if (progress->result->steps > 0 && poll != NULL) {
            MU_TRY(poll->call(poll->context));
        }
        if (all) { /* one batch is an epoch, and the order of rows would only change its rounding */
            MU_TRY(step(trainer, job, n, NULL, y, progress, poll));
            continue;
        }
        if (progress->next == n) {
            begin_epoch(trainer, n, progress);
        }
        const size_t m = n - progress->next < batch ? n - progress->next : batch;
        MU_TRY(step(trainer, job, m, trainer->order + progress->next, y, progress, poll));
        progress->next += m;
    }
    return MU_OK;
}

/* Everything back to what a new trainer would have: order 0..n-1, optimizer state zero. */
static int prepare(struct mu_trainer *trainer, const struct mu_local_job *job, struct mu_err *err) {
    const size_t n = job->rows->n;
    const size_t bytes = mu_elem_bytes(mu_model_elem(trainer->model));
    if (n > UINT32_MAX) {
        return mu_fail(err, MU_BAD_CONFIG, NULL, "a client has %zu rows, more than %u", n, UINT32_MAX);
    }
    if (job->dp != NULL) {
        MU_TRY(mu_workspace_per_row(trainer->ws, err));
    }
    void *order = trainer->order;
    const int rc = mu_grow(&order, &trainer->order_capacity, n, sizeof *trainer->order, err);
    trainer->order = order;
    MU_TRY(rc);
    for (size_t i = 0; i < n; i++) {
        trainer->order[i] = (uint32_t)i;
    }
    for (size_t s = 0; s < trainer->optimizer->states; s++) {
        memset(trainer->state[s], 0, trainer->dim * bytes);
    }
    return MU_OK;
}

int mu_trainer_run(struct mu_trainer *trainer, const struct mu_local_job *job, void *update,
                   struct mu_local_result *result, const struct mu_poll *poll, struct mu_err *err) {
    const size_t n = job->rows->n;
    *result = (struct mu_local_result){0};
    MU_TRY(prepare(trainer, job, err));
    memcpy(update, job->start, trainer->dim * mu_elem_bytes(mu_model_elem(trainer->model)));
    if (n > 0) {
        struct mu_progress progress = {.next = n, .result = result};
        mu_rng_init(&progress.rng, job->seed, MU_STREAM_BATCH, job->client, job->ordinal);
        MU_TRY(job->dp != NULL ? mu_private_train(trainer, job, update, &progress, poll)
                               : train(trainer, job, update, &progress, poll));
        result->loss = result->samples > 0 ? progress.loss / (double)result->samples : 0;
    }
    const struct mu_norms norms = trainer->f32 ? mu_pass_subtract_f32(trainer->dim, job->start, update)
                                               : mu_pass_subtract_f64(trainer->dim, job->start, update);
    result->max_abs = norms.max_abs;
    result->norm = norms.norm;
    return MU_OK;
}
