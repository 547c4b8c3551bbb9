/* The workload of theory: the parameters are a bare vector x and each row is a quadratic loss of it, |x - a|^2 / 2 or
 * x'Ax/2 - b'x. Always float64, so that golden vectors hold to 1e-9. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/kind.h"
#include "muster/base/mem.h"
#include "passes.h"

static int fit(struct mu_model *model, const char *file, struct mu_err *err) {
    if (model->task.kind != MU_QUADRATIC) {
        return mu_model_misfit(model, file, "needs quadratic losses", err);
    }
    model->elem = MU_F64;
    model->dim = model->task.features;
    if ((model->tensor = mu_alloc(1, sizeof *model->tensor, err)) == NULL) {
        return err->code;
    }
    model->tensors = 1;
    model->tensor[0] = (struct mu_tensor){.name = "x", .axes = 1, .shape = {model->dim}};
    return MU_OK;
}

static void init(const struct mu_model *model, uint64_t seed, double *x) {
    (void)seed;
    for (size_t i = 0; i < model->dim; i++) {
        x[i] = model->task.x0 != NULL ? model->task.x0[i] : 0;
    }
}

static int space(struct mu_workspace *ws, struct mu_err *err) {
    ws->elem = MU_F64;
    ws->scratch = mu_alloc(ws->model->dim, sizeof *ws->scratch, err);
    return ws->scratch != NULL ? MU_OK : err->code;
}

static int per_row_space(struct mu_workspace *ws, struct mu_err *err) {
    if (ws->point == NULL) {
        ws->point = mu_alloc(ws->model->dim, sizeof *ws->point, err);
    }
    return ws->point != NULL ? MU_OK : err->code;
}

static double target_loss(size_t d, const double *row, const double *x, double *g) {
    double loss = 0;
    for (size_t i = 0; i < d; i++) {
        const double difference = x[i] - row[i];
        loss += difference * difference;
        g[i] += difference;
    }
    return loss / 2;
}

/* The gradient is (A + A')x/2 - b, which is Ax - b for the symmetric A of the usual notation. */
static double matrix_loss(size_t d, const double *row, const double *x, double *g) {
    const double *const b = row + d * d;
    double loss = 0;
    for (size_t i = 0; i < d; i++) {
        const double *const a = row + i * d;
        double ax = 0;
        for (size_t j = 0; j < d; j++) {
            ax += a[j] * x[j];
            g[j] += a[j] * x[i] / 2;
        }
        g[i] += ax / 2 - b[i];
        loss += (ax / 2 - b[i]) * x[i];
    }
    return loss;
}

/* Sum of the losses; g gains the sum of their gradients. */
static double sum_losses(const struct mu_task *task, const struct mu_rows *rows, size_t n, const uint32_t *index,
                         const double *x, double *g) {
    assert(rows->elem == MU_F64);
    double loss = 0;
    for (size_t r = 0; r < n; r++) {
        const double *const row = (const double *)rows->x + (index != NULL ? index[r] : r) * rows->width;
        loss += task->matrix ? matrix_loss(task->features, row, x, g) : target_loss(task->features, row, x, g);
    }
    return loss;
}

static double gradient(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                       double alpha, double beta, const void *x, void *out) {
    const struct mu_model *const model = ws->model;
    double *const g = ws->scratch, *const result = out;
    memset(g, 0, model->dim * sizeof *g);
    const double loss = sum_losses(&model->task, rows, n, index, x, g);
    for (size_t i = 0; i < model->dim; i++) {
        const double step = alpha * (g[i] / (double)n);
        result[i] = beta == 0 ? step : beta * result[i] + step;
    }
    return loss / (double)n;
}

static const double *row_at(const struct mu_rows *rows, size_t r) {
    return (const double *)rows->x + r * rows->width;
}

static double square(size_t d, const double *g) {
    double sum = 0;
    for (size_t i = 0; i < d; i++) {
        sum += g[i] * g[i];
    }
    return sum;
}

/* out += alpha * weight * g, and g = 0 for the next row. */
static void add_row(size_t d, double clip, double alpha, double *g, double *out, struct mu_clip_count *count) {
    const double weight = isinf(clip) ? alpha : alpha * mu_clip_weight(clip, square(d, g), count);
    for (size_t i = 0; i < d; i++) {
        out[i] += weight == 0 ? 0 : weight * g[i];
        g[i] = 0;
    }
}

static double clipped(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index, double clip,
                      double alpha, double beta, const void *x, void *out, struct mu_clip_count *count) {
    const struct mu_task *const task = &ws->model->task;
    const size_t d = task->features;
    double loss = 0;
    memset(ws->scratch, 0, d * sizeof *ws->scratch);
    memcpy(ws->point, x, d * sizeof *ws->point); /* out may be x */
    mu_pass_scale_f64(d, beta, out);
    for (size_t r = 0; r < n; r++) {
        const double *const row = row_at(rows, index != NULL ? index[r] : r);
        loss +=
            task->matrix ? matrix_loss(d, row, ws->point, ws->scratch) : target_loss(d, row, ws->point, ws->scratch);
        add_row(d, clip, alpha, ws->scratch, out, count);
    }
    return loss;
}

/* The gradients are affine, so their difference is the linear part of x - x_minus: nothing cancels. */
static void linear_part(const struct mu_task *task, const double *row, const double *step, double *g) {
    for (size_t i = 0; i < task->features; i++) {
        if (!task->matrix) {
            g[i] += step[i];
            continue;
        }
        const double *const a = row + i * task->features;
        double ax = 0;
        for (size_t j = 0; j < task->features; j++) {
            ax += a[j] * step[j];
            g[j] += a[j] * step[i] / 2;
        }
        g[i] += ax / 2;
    }
}

static double difference(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                         const uint32_t *index, double clip, double alpha, double beta, const double *x,
                         const double *x_minus, double *out, struct mu_clip_count *count) {
    const struct mu_task *const task = &ws->model->task;
    const size_t d = task->features;
    memset(other->scratch, 0, d * sizeof *other->scratch);
    memset(ws->scratch, 0, d * sizeof *ws->scratch);
    for (size_t i = 0; i < d; i++) {
        ws->point[i] = x[i] - x_minus[i];
    }
    mu_pass_scale_f64(d, beta, out);
    for (size_t r = 0; r < n; r++) {
        linear_part(task, row_at(rows, index != NULL ? index[r] : r), ws->point, ws->scratch);
        add_row(d, clip, alpha, ws->scratch, out, count);
    }
    return sum_losses(task, rows, n, index, x, other->scratch);
}

static struct mu_score score(struct mu_workspace *ws, const struct mu_rows *rows, const void *x) {
    memset(ws->scratch, 0, ws->model->dim * sizeof *ws->scratch);
    return (struct mu_score){.loss = sum_losses(&ws->model->task, rows, rows->n, NULL, x, ws->scratch), .n = rows->n};
}

const struct mu_model_kind mu_model_vector = {
    .kind = {.name = "vector",
             .summary = "a bare vector with quadratic losses, for theory; always float64",
             .reference = ""},
    .fit = fit,
    .init = init,
    .space = space,
    .gradient = gradient,
    .score = score,
    .per_row_space = per_row_space,
    .clipped = clipped,
    .difference = difference,
};
