/* DP-SGD within a job: Poisson batches, clipped sums, noise, a fixed denominator. */
#include <math.h>
#include <string.h>

#include "private.h"
#include "trainer.h"

enum { NOISE_PART = 2048 }; /* numbers drawn at once */

/* A number on (0, 1]. */
static double draw(const struct mu_dp_local *dp, uint64_t step, uint64_t index, struct mu_rng *rng) {
    return dp->uniform != NULL ? 1 - dp->uniform(dp->context, step, index) : mu_rng_positive(rng);
}

/* The gaps between the rows of a batch are geometric, so that one draw per row of it is enough. */
size_t mu_private_batch(const struct mu_dp_local *dp, size_t n, uint64_t step, struct mu_rng *rng, uint32_t *batch) {
    if (dp->rate <= 0) {
        return 0;
    }
    const double scale = log1p(-dp->rate); /* -infinity for rate 1: no gaps */
    size_t m = 0;
    for (size_t next = 0; next < n; next++) {
        const double gap = floor(log(draw(dp, step, m, rng)) / scale);
        if (gap >= (double)(n - next)) {
            break;
        }
        next += (size_t)gap;
        batch[m++] = (uint32_t)next;
    }
    return m;
}

void mu_private_noise(const struct mu_dp_local *dp, uint64_t step, double std, double scale, bool f32, size_t dim,
                      void *v) {
    double part[NOISE_PART];
    for (size_t first = 0; std > 0 && first < dim; first += NOISE_PART) {
        const size_t n = dim - first < NOISE_PART ? dim - first : NOISE_PART;
        memset(part, 0, n * sizeof *part);
        dp->noise(dp->context, step, std, first, n, part);
        if (f32) {
            float *const out = (float *)v + first;
            for (size_t i = 0; i < n; i++) {
                out[i] += (float)(scale * part[i]);
            }
        } else {
            double *const out = (double *)v + first;
            for (size_t i = 0; i < n; i++) {
                out[i] += scale * part[i];
            }
        }
    }
}

/* trainer->gradient = the clipped sum over the batch, divided by the denominator, block by block. */
static int accumulate(struct mu_trainer *trainer, const struct mu_local_job *job, size_t m, const void *y,
                      struct mu_progress *progress, struct mu_clip_count *count, const struct mu_poll *poll) {
    size_t first = 0;
    do {
        const size_t part = m - first < MU_BLOCK_ROWS ? m - first : MU_BLOCK_ROWS;
        if (first > 0 && poll != NULL) {
            MU_TRY(poll->call(poll->context));
        }
        progress->loss += mu_model_clipped(trainer->ws, job->rows, part, trainer->order + first, job->dp->clip,
                                           1 / job->dp->denominator, first == 0 ? 0 : 1, y, trainer->gradient, count);
        first += part;
    } while (first < m);
    return MU_OK;
}

static int step(struct mu_trainer *trainer, const struct mu_local_job *job, void *y, struct mu_progress *progress,
                const struct mu_poll *poll) {
    const struct mu_dp_local *const dp = job->dp;
    const uint64_t number = progress->result->steps + 1;
    const double std = dp->noise_multiplier * dp->clip;
    const size_t m = mu_private_batch(dp, job->rows->n, number, &progress->rng, trainer->order);
    const bool fused =
        trainer->optimizer->plain && m <= MU_BLOCK_ROWS && trainer->config->proximal_mu == 0 && job->drift == NULL;
    struct mu_clip_count count = {0};
    if (fused) {
        const double rate = -job->lr / dp->denominator;
        progress->loss += mu_model_clipped(trainer->ws, job->rows, m, trainer->order, dp->clip, rate,
                                           1 - job->lr * trainer->l2, y, y, &count);
        mu_private_noise(dp, number, std, rate, trainer->f32, trainer->dim, y);
    } else {
        MU_TRY(accumulate(trainer, job, m, y, progress, &count, poll));
        mu_private_noise(dp, number, std, 1 / dp->denominator, trainer->f32, trainer->dim, trainer->gradient);
        mu_trainer_regularise(trainer, job, y);
        mu_trainer_optimize(trainer, number, job->lr, y);
    }
    progress->result->steps = number;
    progress->result->samples += m;
    progress->result->clipped += count.clipped;
    progress->result->nonfinite += count.nonfinite;
    return MU_OK;
}

int mu_private_train(struct mu_trainer *trainer, const struct mu_local_job *job, void *y, struct mu_progress *progress,
                     const struct mu_poll *poll) {
    const uint64_t steps = mu_client_steps(trainer->config, job->rows->n);
    while (progress->result->steps < steps) {
        if (progress->result->steps > 0 && poll != NULL) {
            MU_TRY(poll->call(poll->context));
        }
        MU_TRY(step(trainer, job, y, progress, poll));
    }
    return MU_OK;
}
