/* Shape, initial values and scratch of the dense models; the arithmetic is in dense_kernels.h. */
#include "model/dense.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "model/kind.h"
#include "muster/base/mem.h"

/* Lays out the tensors of layer l, its weight at offset `at`; false if the sizes do not fit into BLAS's integers or
 * into memory's. */
static bool place_layer(struct mu_model *model, size_t l, size_t in, size_t out, size_t at) {
    struct mu_tensor *const weight = &model->tensor[2 * l], *const bias = weight + 1;
    size_t count;
    if (in > INT_MAX || out > INT_MAX || __builtin_mul_overflow(in, out, &count) ||
        __builtin_add_overflow(count, out, &count) || __builtin_add_overflow(count, at, &count) ||
        count > PTRDIFF_MAX / sizeof(double)) {
        return false;
    }
    *weight = (struct mu_tensor){.axes = 2, .shape = {out, in}, .offset = at};
    *bias = (struct mu_tensor){.axes = 1, .shape = {out}, .offset = at + in * out};
    snprintf(weight->name, sizeof weight->name, "dense%zu.weight", l);
    snprintf(bias->name, sizeof bias->name, "dense%zu.bias", l);
    model->dense.layer[l] = (struct mu_layer){.in = in, .out = out, .weight = at, .bias = at + in * out};
    model->dim = count;
    return true;
}

int mu_dense_fit(struct mu_model *model, const struct mu_ints *hidden, enum mu_activation activation, const char *file,
                 struct mu_err *err) {
    const size_t n = hidden != NULL ? hidden->n : 0;
    const size_t outputs = model->task.kind == MU_CLASSIFICATION ? model->task.classes : 1;
    model->elem = model->config->precision == 0 ? MU_F32 : MU_F64;
    model->tensors = 2 * (n + 1);
    model->dense = (struct mu_dense){.layers = n + 1, .activation = activation};
    if ((model->tensor = mu_alloc(model->tensors, sizeof *model->tensor, err)) == NULL ||
        (model->dense.layer = mu_alloc(n + 1, sizeof *model->dense.layer, err)) == NULL) {
        return err->code;
    }
    for (size_t l = 0; l <= n; l++) {
        const size_t in = l == 0 ? model->task.features : (size_t)hidden->v[l - 1];
        const size_t out = l < n ? (size_t)hidden->v[l] : outputs;
        if (!place_layer(model, l, in, out, model->dim)) {
            char place[512];
            return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, "/model", n > 0 ? "hidden" : "kind"),
                           "layer %zu of %zu x %zu weights is too large", l, out, in);
        }
    }
    return MU_OK;
}

/* He's normal (He et al. 2015) for layers that a relu or softplus follows, Glorot's uniform (Glorot and Bengio 2010)
 * for the others, the output among them; biases are zero. Without hidden layers the loss is convex and all is zero. */
void mu_dense_init(const struct mu_model *model, uint64_t seed, double *x) {
    const struct mu_dense *const dense = &model->dense;
    for (size_t i = 0; i < model->dim; i++) {
        x[i] = 0;
    }
    if (dense->layers == 1) {
        return;
    }
    for (size_t l = 0; l < dense->layers; l++) {
        const struct mu_layer *const layer = &dense->layer[l];
        const bool he = l + 1 < dense->layers && dense->activation != MU_TANH;
        const double sd = sqrt(2.0 / (double)layer->in), limit = sqrt(6.0 / (double)(layer->in + layer->out));
        struct mu_rng rng;
        mu_rng_init(&rng, seed, MU_STREAM_INIT, 0, (uint32_t)l);
        for (size_t i = 0; i < layer->in * layer->out; i++) {
            x[layer->weight + i] = he ? sd * mu_rng_normal(&rng) : limit * (2 * mu_rng_uniform(&rng) - 1);
        }
    }
}

/* Where the next `count` numbers of the block lie, aligned to 64 bytes. */
static size_t reserve(size_t *used, size_t count) {
    const size_t at = *used;
    *used += (count + 15) / 16 * 16;
    return at;
}

int mu_dense_space(struct mu_workspace *ws, struct mu_err *err) {
    const struct mu_dense *const dense = &ws->model->dense;
    struct mu_dense_space *const space = &ws->dense;
    const size_t bytes = mu_elem_bytes(ws->elem), layers = dense->layers, rows = ws->rows;
    size_t hidden = 0, unit = 0, all = 0;
    for (size_t l = 0; l < layers; l++) {
        hidden = l > 0 && dense->layer[l].in > hidden ? dense->layer[l].in : hidden;
        unit = dense->layer[l].out > unit ? dense->layer[l].out : unit;
        all += dense->layer[l].in;
    }
    size_t numbers;
    if (__builtin_mul_overflow(all + 2 * hidden + unit + 4, rows + 16, &numbers)) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory for batches of %zu rows", rows);
    }
    if ((space->act = mu_alloc(layers, sizeof *space->act, err)) == NULL ||
        (space->block = mu_alloc_uninit(numbers + 16 * (layers + 6), bytes, err)) == NULL) {
        return err->code;
    }
    size_t used = 0;
    char *const base = space->block;
    for (size_t l = 0; l < layers; l++) {
        space->act[l] = base + bytes * reserve(&used, rows * dense->layer[l].in);
    }
    for (int i = 0; i < 2; i++) {
        space->delta[i] = base + bytes * reserve(&used, rows * hidden);
        space->row[i] = base + bytes * reserve(&used, rows);
    }
    space->z = base + bytes * reserve(&used, rows * dense->layer[layers - 1].out);
    space->unit = base + bytes * reserve(&used, unit);
    return MU_OK;
}

int mu_dense_per_row_space(struct mu_workspace *ws, struct mu_err *err) {
    const struct mu_dense *const dense = &ws->model->dense;
    struct mu_dense_space *const space = &ws->dense;
    const size_t bytes = mu_elem_bytes(ws->elem);
    size_t units = 1, numbers;
    for (size_t l = 0; l < dense->layers; l++) {
        units += dense->layer[l].out;
    }
    if (__builtin_mul_overflow(units, ws->rows + 16, &numbers)) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory for batches of %zu rows", ws->rows);
    }
    if (space->back == NULL && (space->back = mu_alloc(dense->layers, sizeof *space->back, err)) == NULL) {
        return err->code;
    }
    if ((space->back_block = mu_alloc_uninit(numbers, bytes, err)) == NULL) {
        return err->code;
    }
    size_t used = 0;
    char *const base = space->back_block;
    for (size_t l = 0; l < dense->layers; l++) {
        space->back[l] = base + bytes * reserve(&used, ws->rows * dense->layer[l].out);
    }
    space->one = base + bytes * reserve(&used, ws->rows);
    return MU_OK;
}

double mu_dense_gradient(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                         double alpha, double beta, const void *x, void *out) {
    return ws->elem == MU_F32 ? mu_dense_gradient_f32(ws, rows, n, index, alpha, beta, x, out)
                              : mu_dense_gradient_f64(ws, rows, n, index, alpha, beta, x, out);
}

struct mu_score mu_dense_score(struct mu_workspace *ws, const struct mu_rows *rows, const void *x) {
    return ws->elem == MU_F32 ? mu_dense_score_f32(ws, rows, x) : mu_dense_score_f64(ws, rows, x);
}

double mu_dense_clipped(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                        double clip, double alpha, double beta, const void *x, void *out, struct mu_clip_count *count) {
    return ws->elem == MU_F32 ? mu_dense_clipped_f32(ws, rows, n, index, clip, alpha, beta, x, out, count)
                              : mu_dense_clipped_f64(ws, rows, n, index, clip, alpha, beta, x, out, count);
}
