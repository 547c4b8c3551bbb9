/* Template of the dense chain row by row, included after dense_kernels.h: sums of clipped gradients.
 *
 * A row's gradient of a layer is the outer product of its error (loss by output) and its input with a 1 for the bias,
 * so its squared norm is |error|^2 (|input|^2 + 1) and the row is clipped by scaling its errors before the one product
 * that sums over rows. Norms are summed in double: a float's square never overflows there. */

/* Sum of a[i] b[i]. */
static double dot_row(size_t n, const REAL *restrict a, const REAL *restrict b) {
    double lane[LANES] = {0};
    size_t i = 0;
    if (n < LANES) { /* too narrow for lanes to pay */
        for (; i < n; i++) {
            lane[i % 2] += (double)a[i] * (double)b[i];
        }
        return lane[0] + lane[1];
    }
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            lane[j] += (double)a[i + j] * (double)b[i + j];
        }
    }
    for (size_t j = 0; i < n; i++, j++) {
        lane[j] += (double)a[i] * (double)b[i];
    }
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) {
            lane[j] += lane[j + half];
        }
    }
    return lane[0];
}

/* Forward and back: fills act and back with every layer's inputs and errors, as rows. Returns the sum of the losses. */
static double propagate(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                        const REAL *x) {
    const struct mu_dense *const dense = &ws->model->dense;
    size_t l = dense->layers - 1;
    const struct mu_layer *layer = &dense->layer[l];
    forward(ws, rows, n, index, x);
    const double loss = output_loss(ws, rows, n, index, x + layer->bias);
    const REAL *const z = ws->dense.z;
    REAL *const last = ws->dense.back[l];
    for (size_t c = 0; c < layer->out; c++) {
        for (size_t r = 0; r < n; r++) {
            last[r * layer->out + c] = z[c * n + r];
        }
    }
    for (; l > 0; l--) {
        layer = &dense->layer[l];
        NAME(mu_gemm)
        (ws->tiles, CblasNoTrans, CblasNoTrans, n, layer->in, layer->out, 1, ws->dense.back[l], layer->out,
         x + layer->weight, layer->in, 0, ws->dense.back[l - 1]);
        differentiate(dense->activation, n, layer->in, ws->dense.act[l], ws->dense.back[l - 1], ws->dense.unit);
    }
    return loss;
}

static void clear_row(size_t width, size_t r, REAL *rows) {
    memset(rows + r * width, 0, width * sizeof *rows);
}

/* Zero inputs and errors: zero times something that is not finite would not be zero. */
static void drop_row(struct mu_workspace *ws, size_t r) {
    const struct mu_dense *const dense = &ws->model->dense;
    for (size_t l = 0; l < dense->layers; l++) {
        clear_row(dense->layer[l].in, r, ws->dense.act[l]);
        clear_row(dense->layer[l].out, r, ws->dense.back[l]);
    }
}

/* The weights of all rows into `norm`. */
static void weigh_rows(struct mu_workspace *ws, size_t n, double clip, struct mu_clip_count *count) {
    const struct mu_dense *const dense = &ws->model->dense;
    memset(ws->norm, 0, n * sizeof *ws->norm);
    for (size_t l = 0; l < dense->layers; l++) {
        const size_t in = dense->layer[l].in, out = dense->layer[l].out;
        const REAL *a = ws->dense.act[l], *delta = ws->dense.back[l];
        for (size_t r = 0; r < n; r++, a += in, delta += out) {
            ws->norm[r] += dot_row(out, delta, delta) * (1 + dot_row(in, a, a));
        }
    }
    for (size_t r = 0; r < n; r++) {
        const uint64_t before = count->nonfinite;
        ws->norm[r] = mu_clip_weight(clip, ws->norm[r], count);
        if (count->nonfinite != before) {
            drop_row(ws, r);
        }
    }
}

/* delta[r] *= weight[r] for n rows; sum = the columns' sums of the result, unless it is NULL. */
static void scale_rows(size_t n, size_t width, const double *weight, REAL *restrict delta, REAL *restrict sum) {
    for (size_t i = 0; sum != NULL && i < width; i++) {
        sum[i] = 0;
    }
    for (size_t r = 0; r < n; r++, delta += width) {
        const REAL w = (REAL)weight[r];
        if (sum == NULL) {
            for (size_t i = 0; i < width; i++) {
                delta[i] *= w;
            }
        } else {
            for (size_t i = 0; i < width; i++) {
                delta[i] *= w;
                sum[i] += delta[i];
            }
        }
    }
}

/* out may be x: all errors are known before the first weight changes. */
double NAME(mu_dense_clipped)(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                              double clip, double alpha, double beta, const REAL *x, REAL *out,
                              struct mu_clip_count *count) {
    const struct mu_dense *const dense = &ws->model->dense;
    const REAL a = (REAL)alpha, b = (REAL)beta;
    REAL *const unit = ws->dense.unit;
    const double loss = propagate(ws, rows, n, index, x);
    weigh_rows(ws, n, clip, count);
    for (size_t l = 0; l < dense->layers; l++) {
        const struct mu_layer *const layer = &dense->layer[l];
        scale_rows(n, layer->out, ws->norm, ws->dense.back[l], unit);
        NAME(mu_gemm)
        (ws->tiles, CblasTrans, CblasNoTrans, layer->out, layer->in, n, a, ws->dense.back[l], layer->out,
         ws->dense.act[l], layer->in, b, out + layer->weight);
        update_bias(layer->out, a, b, unit, out + layer->bias);
    }
    return loss;
}
