/* Gradient sums, block by block. */
#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "summer.h"

int mu_summer_new(struct mu_summer **out, const struct mu_model *model, enum mu_elem elem, struct mu_err *err) {
    int rc = MU_OK;
    *out = NULL;
    struct mu_summer *const s = mu_alloc(1, sizeof *s, err);
    if (s == NULL) {
        return err->code;
    }
    s->model = model;
    s->dim = mu_model_dim(model);
    if ((rc = mu_workspace_new_as(&s->ws, model, elem, MU_SUM_ROWS, err)) != MU_OK) {
        goto done;
    }
    s->f32 = mu_workspace_elem(s->ws) == MU_F32;
    if ((s->total = mu_alloc_uninit(s->dim, sizeof *s->total, err)) == NULL ||
        (s->f32 && (s->x = mu_alloc_uninit(s->dim, sizeof *s->x, err)) == NULL) ||
        (s->f32 && (s->block = mu_alloc_uninit(s->dim, sizeof *s->block, err)) == NULL)) {
        rc = err->code;
        goto done;
    }
    *out = s;
done:
    if (rc != MU_OK) {
        mu_summer_free(s);
    }
    return rc;
}

void mu_summer_free(struct mu_summer *s) {
    if (s == NULL) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        if (s->pair[i] != s->ws) {
            mu_workspace_free(s->pair[i]);
        }
    }
    mu_workspace_free(s->ws);
    mu_free(s->x);
    mu_free(s->block);
    mu_free(s->total);
    mu_free(s->before);
    mu_free(s->estimate);
    mu_free(s->batch);
    mu_free(s);
}

int mu_summer_pair(struct mu_summer *s, struct mu_err *err) {
    for (int i = 0; i < 2; i++) {
        if (s->pair[i] == NULL && i == 0 && !s->f32) {
            s->pair[i] = s->ws;
        }
        if (s->pair[i] == NULL) {
            MU_TRY(mu_workspace_new_as(&s->pair[i], s->model, MU_F64, MU_SUM_ROWS, err));
        }
        MU_TRY(mu_workspace_per_row(s->pair[i], err));
    }
    return MU_OK;
}

/* Makes what this kind of job needs beyond the rest, the first time. */
static int prepare(struct mu_summer *s, const struct mu_gradient_job *job, struct mu_err *err) {
    if (job->x_minus != NULL) {
        return mu_summer_pair(s, err);
    }
    return isinf(job->clip) ? MU_OK : mu_workspace_per_row(s->ws, err);
}

/* total = beta total + the block's sum; returns its losses. */
static double sum_block(struct mu_summer *s, const struct mu_rows *rows, const struct mu_gradient_job *job, double beta,
                        struct mu_clip_count *count) {
    const size_t n = rows->n;
    double loss;
    if (job->x_minus != NULL) {
        return mu_model_difference(s->pair[0], s->pair[1], rows, n, NULL, job->clip, 1, beta, job->x, job->x_minus,
                                   s->total, count);
    }
    const void *const x = s->f32 ? (const void *)s->x : job->x;
    void *const out = s->f32 ? (void *)s->block : s->total;
    if (isinf(job->clip)) {
        loss = (double)n * mu_model_gradient(s->ws, rows, n, NULL, (double)n, s->f32 ? 0 : beta, x, out);
    } else {
        loss = mu_model_clipped(s->ws, rows, n, NULL, job->clip, 1, s->f32 ? 0 : beta, x, out, count);
    }
    for (size_t i = 0; s->f32 && i < s->dim; i++) {
        s->total[i] = (beta == 0 ? 0 : s->total[i]) + (double)s->block[i];
    }
    return loss;
}

int mu_gradient_sum(struct mu_summer *s, const struct mu_rows *rows, size_t first, size_t n,
                    const struct mu_gradient_job *job, double *out, struct mu_gradient_result *result,
                    struct mu_err *err) {
    struct mu_clip_count count = {0};
    *result = (struct mu_gradient_result){0};
    if (n == 0) {
        return MU_OK;
    }
    MU_TRY(prepare(s, job, err));
    if (s->f32 && job->x_minus == NULL) {
        for (size_t i = 0; i < s->dim; i++) {
            s->x[i] = (float)job->x[i];
        }
    }
    for (size_t at = 0; at < n; at += MU_SUM_ROWS) {
        const struct mu_rows part = mu_rows_part(rows, first + at, n - at < MU_SUM_ROWS ? n - at : MU_SUM_ROWS);
        result->loss += sum_block(s, &part, job, at == 0 ? 0 : 1, &count);
    }
    for (size_t i = 0; i < s->dim; i++) {
        out[i] += job->coefficient * s->total[i];
    }
    result->clipped = count.clipped;
    result->nonfinite = count.nonfinite;
    return MU_OK;
}
