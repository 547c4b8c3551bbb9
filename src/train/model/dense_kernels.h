/* Template of the dense chain: define REAL, NAME(x) and GATHER, then include.
 *
 * The elementwise work around each GEMM is one pass: bias and activation; bias, softmax, loss and its derivative;
 * derivative of the activation and gradient of the bias. Sums run in LANES independent lanes, a fixed order that
 * vectorises without fast-math. */
#include <math.h>

#include "gemm.h"
#include "model/kind.h"
#include "model/vector_math.h"

enum { LANES = 16 };

static REAL sum_row(size_t n, const REAL *v) {
    REAL lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            lane[j] += v[i + j];
        }
    }
    for (size_t j = 0; i < n; i++, j++) {
        lane[j] += v[i];
    }
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) {
            lane[j] += lane[j + half];
        }
    }
    return lane[0];
}

/* out = beta out + alpha g for biases; beta = 0 does not read out. */
static void update_bias(size_t n, REAL alpha, REAL beta, const REAL *g, REAL *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = beta == 0 ? alpha * g[i] : beta * out[i] + alpha * g[i];
    }
}

/* a[n][width] = activation(a + bias). */
static void activate(enum mu_activation kind, size_t n, size_t width, const REAL *restrict bias, REAL *restrict a) {
    REAL *row = a;
    for (size_t r = 0; r < n; r++, row += width) {
        switch (kind) {
        case MU_RELU:
            for (size_t i = 0; i < width; i++) {
                const REAL z = row[i] + bias[i];
                row[i] = z < 0 ? 0 : z; /* keeps NaN */
            }
            break;
        case MU_TANH:
            for (size_t i = 0; i < width; i++) {
                row[i] = NAME(mu_tanh)(row[i] + bias[i]);
            }
            break;
        case MU_SOFTPLUS:
            for (size_t i = 0; i < width; i++) {
                row[i] += bias[i];
            }
            break;
        }
    }
    for (size_t i = 0; kind == MU_SOFTPLUS && i < n * width; i++) { /* whole vectors however narrow the layer */
        a[i] = NAME(mu_softplus)(a[i]);
    }
}

/* delta[n][width] *= activation'(z), told from a = activation(z); sum[width] = the columns' sums of the result. */
static void differentiate(enum mu_activation kind, size_t n, size_t width, const REAL *restrict a, REAL *restrict delta,
                          REAL *restrict sum) {
    for (size_t i = 0; i < width; i++) {
        sum[i] = 0;
    }
    for (size_t i = 0; kind == MU_SOFTPLUS && i < n * width; i++) { /* whole vectors however narrow the layer */
        delta[i] *= 1 - NAME(mu_exp)(-a[i]);
    }
    for (size_t r = 0; r < n; r++, a += width, delta += width) {
        switch (kind) {
        case MU_RELU:
            for (size_t i = 0; i < width; i++) {
                delta[i] = a[i] > 0 ? delta[i] : 0;
                sum[i] += delta[i];
            }
            break;
        case MU_TANH:
            for (size_t i = 0; i < width; i++) {
                delta[i] *= (1 - a[i]) * (1 + a[i]);
                sum[i] += delta[i];
            }
            break;
        case MU_SOFTPLUS:
            for (size_t i = 0; i < width; i++) {
                sum[i] += delta[i];
            }
            break;
        }
    }
}

/* z[classes][n] += bias, and the largest of each column into top[n]. */
static void add_bias(size_t classes, size_t n, const REAL *bias, REAL *restrict z, REAL *restrict top) {
    for (size_t r = 0; r < n; r++) {
        z[r] += bias[0];
        top[r] = z[r];
    }
    for (size_t c = 1; c < classes; c++) {
        REAL *const row = z + c * n;
        for (size_t r = 0; r < n; r++) {
            row[r] += bias[c];
            top[r] = row[r] > top[r] ? row[r] : top[r];
        }
    }
}

/* Cross-entropy of z[classes][n], biases already added, top[n] being its columns' maxima. z becomes the softmax, with
 * `sum` as scratch. Returns the sum of the losses. */
static double normalise(size_t classes, size_t n, const int32_t *label, const uint32_t *index, REAL *restrict z,
                        REAL *restrict top, REAL *restrict sum) {
    double loss = 0;
    for (size_t r = 0; r < n; r++) {
        const size_t y = (size_t)label[index != NULL ? index[r] : r];
        loss += (double)(top[r] - z[y * n + r]);
        sum[r] = 0;
    }
    for (size_t c = 0; c < classes; c++) {
        REAL *const row = z + c * n;
        for (size_t r = 0; r < n; r++) {
            row[r] = NAME(mu_exp)(row[r] - top[r]);
            sum[r] += row[r];
        }
    }
    for (size_t r = 0; r < n; r++) {
        loss += (double)NAME(mu_log)(sum[r]);
        sum[r] = 1 / sum[r];
    }
    for (size_t c = 0; c < classes; c++) {
        REAL *const row = z + c * n;
        for (size_t r = 0; r < n; r++) {
            row[r] *= sum[r];
        }
    }
    return loss;
}

/* z[n] becomes y - t. Returns the sum of the losses. */
static double subtract_target(size_t n, const double *target, const uint32_t *index, REAL bias, REAL *z) {
    double loss = 0;
    for (size_t r = 0; r < n; r++) {
        z[r] += bias - (REAL)target[index != NULL ? index[r] : r];
        loss += (double)z[r] * (double)z[r] / 2;
    }
    return loss;
}

/* Gathers the batch into act[0] and computes the hidden activations and the output z[classes][n], without its bias. */
static void forward(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                    const REAL *x) {
    const struct mu_dense *const dense = &ws->model->dense;
    GATHER(rows, n, index, ws->dense.act[0]);
    for (size_t l = 0; l + 1 < dense->layers; l++) {
        const struct mu_layer *const layer = &dense->layer[l];
        REAL *const a = ws->dense.act[l + 1];
        NAME(mu_gemm)
        (ws->tiles, CblasNoTrans, CblasTrans, n, layer->out, layer->in, 1, ws->dense.act[l], layer->in,
         x + layer->weight, layer->in, 0, a);
        activate(dense->activation, n, layer->out, x + layer->bias, a);
    }
    const struct mu_layer *const last = &dense->layer[dense->layers - 1];
    NAME(mu_gemm)
    (ws->tiles, CblasNoTrans, CblasTrans, last->out, n, last->in, 1, x + last->weight, last->in,
     ws->dense.act[dense->layers - 1], last->in, 0, ws->dense.z);
}

/* Loss of the output, whose derivative replaces z; also the gradient of the last bias, into `unit`. */
static double output_loss(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                          const REAL *bias) {
    const size_t classes = ws->model->dense.layer[ws->model->dense.layers - 1].out;
    REAL *const z = ws->dense.z, *const unit = ws->dense.unit;
    double loss;
    if (ws->model->task.kind == MU_CLASSIFICATION) {
        add_bias(classes, n, bias, z, ws->dense.row[0]);
        loss = normalise(classes, n, rows->label, index, z, ws->dense.row[0], ws->dense.row[1]);
        for (size_t r = 0; r < n; r++) {
            z[(size_t)rows->label[index != NULL ? index[r] : r] * n + r] -= 1;
        }
    } else {
        loss = subtract_target(n, rows->target, index, bias[0], z);
    }
    for (size_t c = 0; c < classes; c++) {
        unit[c] = sum_row(n, z + c * n);
    }
    return loss;
}

/* A layer's weights may be overwritten (out = x) only after the loss has been propagated through them. */
double NAME(mu_dense_gradient)(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                               double alpha, double beta, const REAL *x, REAL *out) {
    const struct mu_dense *const dense = &ws->model->dense;
    const REAL a = (REAL)(alpha / (double)n), b = (REAL)beta;
    size_t l = dense->layers - 1;
    const struct mu_layer *layer = &dense->layer[l];
    forward(ws, rows, n, index, x);
    const double loss = output_loss(ws, rows, n, index, x + layer->bias);

    const REAL *delta = ws->dense.z;
    REAL *next = ws->dense.delta[0], *const unit = ws->dense.unit;
    if (l > 0) {
        NAME(mu_gemm)
        (ws->tiles, CblasTrans, CblasNoTrans, n, layer->in, layer->out, 1, delta, n, x + layer->weight, layer->in, 0,
         next);
    }
    NAME(mu_gemm)
    (ws->tiles, CblasNoTrans, CblasNoTrans, layer->out, layer->in, n, a, delta, n, ws->dense.act[l], layer->in, b,
     out + layer->weight);
    update_bias(layer->out, a, b, unit, out + layer->bias);
    while (l-- > 0) {
        layer = &dense->layer[l];
        differentiate(dense->activation, n, layer->out, ws->dense.act[l + 1], next, unit);
        delta = next;
        if (l > 0) {
            next = ws->dense.delta[delta == ws->dense.delta[0]];
            NAME(mu_gemm)
            (ws->tiles, CblasNoTrans, CblasNoTrans, n, layer->in, layer->out, 1, delta, layer->out, x + layer->weight,
             layer->in, 0, next);
        }
        NAME(mu_gemm)
        (ws->tiles, CblasTrans, CblasNoTrans, layer->out, layer->in, n, a, delta, layer->out, ws->dense.act[l],
         layer->in, b, out + layer->weight);
        update_bias(layer->out, a, b, unit, out + layer->bias);
    }
    return loss / (double)n;
}

/* Counts the rows whose first largest output is the label's; NaN is never right. */
static uint64_t count_correct(size_t classes, size_t n, const int32_t *label, const REAL *z, const REAL *top) {
    uint64_t correct = 0;
    for (size_t r = 0; r < n; r++) {
        size_t c = 0;
        while (c < classes && !(z[c * n + r] >= top[r])) {
            c++;
        }
        correct += c == (size_t)label[r];
    }
    return correct;
}

struct mu_score NAME(mu_dense_score)(struct mu_workspace *ws, const struct mu_rows *rows, const REAL *x) {
    const struct mu_layer *const last = &ws->model->dense.layer[ws->model->dense.layers - 1];
    REAL *const z = ws->dense.z, *const top = ws->dense.row[0];
    struct mu_score score = {.n = rows->n};
    forward(ws, rows, rows->n, NULL, x);
    if (ws->model->task.kind == MU_CLASSIFICATION) {
        add_bias(last->out, rows->n, x + last->bias, z, top);
        score.correct = count_correct(last->out, rows->n, rows->label, z, top);
        score.loss = normalise(last->out, rows->n, rows->label, NULL, z, top, ws->dense.row[1]);
    } else {
        score.loss = subtract_target(rows->n, rows->target, NULL, x[last->bias], z);
    }
    return score;
}
