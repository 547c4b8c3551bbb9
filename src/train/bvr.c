/* BVR-L-SGD with privacy: see the header for the recursion. */
#include "muster/train/bvr.h"

#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "private.h"
#include "summer.h"

static int prepare(struct mu_summer *s, const struct mu_bvr_job *job, struct mu_err *err) {
    if (job->rows->n > UINT32_MAX) {
        return mu_fail(err, MU_BAD_CONFIG, NULL, "a client has %zu rows, more than %u", job->rows->n, UINT32_MAX);
    }
    MU_TRY(mu_summer_pair(s, err));
    if (s->before == NULL && (s->before = mu_alloc_uninit(s->dim, sizeof *s->before, err)) == NULL) {
        return err->code;
    }
    if (s->estimate == NULL && (s->estimate = mu_alloc_uninit(s->dim, sizeof *s->estimate, err)) == NULL) {
        return err->code;
    }
    void *batch = s->batch;
    const int rc = mu_grow(&batch, &s->batch_capacity, job->rows->n, sizeof *s->batch, err);
    s->batch = batch;
    return rc;
}

/* One step x -= lr v, the old x going to `before`. */
static void move(size_t dim, double lr, const double *restrict v, double *restrict x, double *restrict before) {
    for (size_t i = 0; i < dim; i++) {
        before[i] = x[i];
        x[i] -= lr * v[i];
    }
}

static double distance(size_t dim, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < dim; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(sum);
}

/* s->total = the clipped differences over the batch, divided by the denominator, block by block. */
static int sum_batch(struct mu_summer *s, const struct mu_bvr_job *job, size_t m, double clip, const double *x,
                     struct mu_local_result *result, const struct mu_poll *poll) {
    struct mu_clip_count count = {0};
    size_t first = 0;
    do {
        const size_t part = m - first < MU_SUM_ROWS ? m - first : MU_SUM_ROWS;
        if (poll != NULL) {
            MU_TRY(poll->call(poll->context));
        }
        result->loss +=
            mu_model_difference(s->pair[0], s->pair[1], job->rows, part, s->batch + first, clip,
                                1 / job->dp->denominator, first == 0 ? 0 : 1, x, s->before, s->total, &count);
        first += part;
    } while (first < m);
    result->samples += m;
    result->clipped += count.clipped;
    result->nonfinite += count.nonfinite;
    return MU_OK;
}

/* v_k from v_{k-1}, in s->estimate, at x = x_{k-1}. */
static int correct(struct mu_summer *s, const struct mu_bvr_job *job, uint64_t step, struct mu_rng *rng,
                   const double *x, struct mu_local_result *result, const struct mu_poll *poll) {
    const struct mu_dp_local *const dp = job->dp;
    const double moved = distance(s->dim, x, s->before);
    const double clip = moved > 0 ? dp->clip * moved : 0; /* not 0 * INFINITY */
    double *restrict const v = s->estimate;
    const size_t m = mu_private_batch(dp, job->rows->n, step, rng, s->batch);
    MU_TRY(sum_batch(s, job, m, clip, x, result, poll));
    for (size_t i = 0; i < s->dim; i++) {
        v[i] += s->total[i] + job->l2 * (x[i] - s->before[i]);
    }
    mu_private_noise(dp, step, dp->noise_multiplier * clip, 1 / dp->denominator, false, s->dim, v);
    return MU_OK;
}

int mu_bvr_run(struct mu_summer *s, const struct mu_bvr_job *job, double *x_out, double *v_out,
               struct mu_local_result *result, const struct mu_poll *poll, struct mu_err *err) {
    struct mu_rng rng;
    *result = (struct mu_local_result){0};
    MU_TRY(prepare(s, job, err));
    mu_rng_init(&rng, job->seed, MU_STREAM_BATCH, job->client, job->ordinal);
    memcpy(x_out, job->x, s->dim * sizeof *x_out);
    memcpy(s->estimate, job->v, s->dim * sizeof *s->estimate);
    move(s->dim, job->lr, s->estimate, x_out, s->before);
    for (uint64_t k = 2; k <= job->steps; k++) {
        MU_TRY(correct(s, job, k, &rng, x_out, result, poll));
        move(s->dim, job->lr, s->estimate, x_out, s->before);
    }
    if (v_out != NULL) {
        memcpy(v_out, s->estimate, s->dim * sizeof *v_out);
    }
    result->steps = job->steps;
    result->loss = result->samples > 0 ? result->loss / (double)result->samples : 0;
    for (size_t i = 0; i < s->dim; i++) {
        result->max_abs = fmax(result->max_abs, fabs(x_out[i] - job->x[i]));
    }
    result->norm = distance(s->dim, x_out, job->x);
    if (!isfinite(result->norm)) { /* fmax passes NaN over */
        result->norm = result->max_abs = (double)INFINITY;
    }
    return MU_OK;
}
