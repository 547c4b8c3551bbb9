/* Sums of clipped differences of gradients, included after dense_rows.h in float64 only.
 *
 * For one row and one layer let e = error - error' and h = input - input', primes being the other point's, and a the
 * input with a 1 for the bias (h has a 0 there). The difference of the two outer products is
 *     error a^T - error' a'^T = e a^T + error' h^T = (e + beta error') a^T + error' (h - beta a)^T, beta = <h, a> /
 * |a|^2, whose last two terms are orthogonal: the squared norm is |e + beta error'|^2 |a|^2 + |error'|^2 |h - beta
 * a|^2, sums of squares that cannot cancel, where |g|^2 + |g'|^2 - 2 <g, g'> would lose everything at near points. */

/* Turns this row's part of a layer into its squared norm. */
static double difference_square(size_t in, const double *restrict a, const double *restrict h, size_t out,
                                const double *restrict e, const double *restrict minus) {
    const double size = 1 + dot_row(in, a, a), beta = dot_row(in, h, a) / size;
    double slope[LANES] = {0}, rest[LANES] = {0};
    for (size_t i = 0; i < out; i++) {
        const double d = e[i] + beta * minus[i];
        slope[i % LANES] += d * d;
    }
    for (size_t i = 0; i < in; i++) {
        const double d = h[i] - beta * a[i];
        rest[i % LANES] += d * d;
    }
    double slopes = 0, rests = beta * beta; /* the bias: 0 - beta * 1 */
    for (size_t j = 0; j < LANES; j++) {
        slopes += slope[j];
        rests += rest[j];
    }
    return slopes * size + dot_row(out, minus, minus) * rests;
}

/* v = v - w or w = v - w. */
static void subtract(size_t n, const double *restrict w, double *restrict v) {
    for (size_t i = 0; i < n; i++) {
        v[i] -= w[i];
    }
}

static void subtract_from(size_t n, const double *restrict v, double *restrict w) {
    for (size_t i = 0; i < n; i++) {
        w[i] = v[i] - w[i];
    }
}

/* The weights of all rows into ws->norm. The first layer's inputs are the data, the same at both points. */
static void weigh_differences(struct mu_workspace *ws, struct mu_workspace *other, size_t n, double clip,
                              struct mu_clip_count *count) {
    const struct mu_dense *const dense = &ws->model->dense;
    for (size_t r = 0; r < n; r++) {
        double square = 0;
        for (size_t l = 0; l < dense->layers; l++) {
            const size_t in = dense->layer[l].in, out = dense->layer[l].out;
            const double *const a = (const double *)ws->dense.act[l] + r * in;
            const double *const h = (const double *)other->dense.act[l] + r * in;
            const double *const e = (const double *)ws->dense.back[l] + r * out;
            const double *const minus = (const double *)other->dense.back[l] + r * out;
            square +=
                l == 0 ? dot_row(out, e, e) * (1 + dot_row(in, a, a)) : difference_square(in, a, h, out, e, minus);
        }
        const uint64_t before = count->nonfinite;
        ws->norm[r] = mu_clip_weight(clip, square, count);
        if (count->nonfinite != before) {
            drop_row(ws, r);
            drop_row(other, r);
        }
    }
}

double mu_dense_difference(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                           const uint32_t *index, double clip, double alpha, double beta, const double *x,
                           const double *x_minus, double *out, struct mu_clip_count *count) {
    const struct mu_dense *const dense = &ws->model->dense;
    double *const unit = ws->dense.unit;
    const double loss = propagate(ws, rows, n, index, x);
    propagate(other, rows, n, index, x_minus);
    for (size_t l = 0; l < dense->layers; l++) {
        const struct mu_layer *const layer = &dense->layer[l];
        subtract(n * layer->out, other->dense.back[l], ws->dense.back[l]);
        if (l > 0) {
            subtract_from(n * layer->in, ws->dense.act[l], other->dense.act[l]);
        }
    }
    if (isinf(clip)) {
        for (size_t r = 0; r < n; r++) {
            ws->norm[r] = 1;
        }
    } else {
        weigh_differences(ws, other, n, clip, count);
    }
    for (size_t l = 0; l < dense->layers; l++) {
        const struct mu_layer *const layer = &dense->layer[l];
        scale_rows(n, layer->out, ws->norm, ws->dense.back[l], unit);
        mu_gemm_f64(ws->tiles, CblasTrans, CblasNoTrans, layer->out, layer->in, n, alpha, ws->dense.back[l], layer->out,
                    ws->dense.act[l], layer->in, beta, out + layer->weight);
        if (l > 0) {
            scale_rows(n, layer->out, ws->norm, other->dense.back[l], NULL);
            mu_gemm_f64(ws->tiles, CblasTrans, CblasNoTrans, layer->out, layer->in, n, alpha, other->dense.back[l],
                        layer->out, other->dense.act[l], layer->in, 1, out + layer->weight);
        }
        update_bias(layer->out, alpha, beta, unit, out + layer->bias);
    }
    return loss;
}
