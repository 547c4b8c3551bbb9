/* The dense chain against a naive reference: triple loops in long double, one number at a time. */
#include "support.h"

struct chain {
    size_t layers;
    size_t width[5]; /* layers + 1 */
    int activation;  /* 0 relu, 1 tanh, 2 softplus */
};

static long double activate(int kind, long double z) {
    return kind == 0 ? (z > 0 ? z : 0) : kind == 1 ? tanhl(z) : log1pl(expl(z));
}

static long double slope(int kind, long double z) {
    return kind == 0 ? (z > 0) : kind == 1 ? 1 - tanhl(z) * tanhl(z) : 1 / (1 + expl(-z));
}

/* One layer, z[o] = b[o] + sum_i W[o][i] a[i]; w points at the weights, the bias lies behind them. */
static void apply_layer(size_t in, size_t out, const double *w, const long double *a, long double *z) {
    for (size_t o = 0; o < out; o++) {
        z[o] = (long double)w[in * out + o];
        for (size_t i = 0; i < in; i++) {
            z[o] += (long double)w[o * in + i] * a[i];
        }
    }
}

/* Replaces the outputs by the derivative of the loss by them; returns the loss. */
static long double output_loss(const struct problem *p, size_t row, size_t out, long double *z) {
    if (p->task.kind == MU_REGRESSION) {
        z[0] -= (long double)p->target[row];
        return z[0] * z[0] / 2;
    }
    long double sum = 0;
    for (size_t o = 0; o < out; o++) {
        sum += expl(z[o]);
    }
    const long double loss = logl(sum) - z[p->label[row]];
    for (size_t o = 0; o < out; o++) {
        z[o] = expl(z[o]) / sum - (o == (size_t)p->label[row]);
    }
    return loss;
}

/* Adds the gradient of one row's loss to g; returns the loss. */
static long double reference_row(const struct chain *c, const struct problem *p, size_t row, const double *x,
                                 long double *g) {
    static long double a[5][64], z[5][64], delta[64], below[64];
    size_t offset[5] = {0};
    for (size_t i = 0; i < c->width[0]; i++) {
        a[0][i] = (long double)p->x[row * c->width[0] + i];
    }
    for (size_t l = 0; l < c->layers; l++) {
        offset[l + 1] = offset[l] + (c->width[l] + 1) * c->width[l + 1];
        apply_layer(c->width[l], c->width[l + 1], x + offset[l], a[l], z[l + 1]);
        for (size_t o = 0; o < c->width[l + 1]; o++) {
            a[l + 1][o] = activate(c->activation, z[l + 1][o]);
        }
    }
    memcpy(delta, z[c->layers], sizeof delta);
    const long double loss = output_loss(p, row, c->width[c->layers], delta);
    for (size_t l = c->layers; l-- > 0;) {
        const size_t in = c->width[l], out = c->width[l + 1];
        memset(below, 0, sizeof below);
        for (size_t o = 0; o < out; o++) {
            for (size_t i = 0; i < in; i++) {
                g[offset[l] + o * in + i] += delta[o] * a[l][i];
                below[i] += delta[o] * (long double)x[offset[l] + o * in + i];
            }
            g[offset[l] + in * out + o] += delta[o];
        }
        for (size_t i = 0; l > 0 && i < in; i++) {
            delta[i] = below[i] * slope(c->activation, z[l][i]);
        }
    }
    return loss;
}

/* Mean gradient over rows index[0..n) (NULL: 0..n-1). */
static double reference(const struct chain *c, const struct problem *p, size_t n, const uint32_t *index,
                        const double *x, size_t dim, double *gradient) {
    long double *const g = make(dim, sizeof *g), loss = 0;
    for (size_t r = 0; r < n; r++) {
        loss += reference_row(c, p, index != NULL ? index[r] : r, x, g);
    }
    for (size_t i = 0; i < dim; i++) {
        gradient[i] = (double)(g[i] / (long double)n);
    }
    free(g);
    return (double)(loss / (long double)n);
}

static const struct chain chains[] = {
    {1, {7, 3}, 0},         {1, {1, 2}, 0},          {1, {61, 10}, 0},          {1, {16, 17}, 0},
    {1, {50, 33}, 0},       {2, {13, 11, 4}, 0},     {2, {5, 1, 2}, 1},         {2, {33, 20, 10}, 2},
    {3, {19, 17, 9, 5}, 0}, {3, {7, 20, 21, 10}, 1}, {4, {31, 8, 25, 6, 3}, 2}, {4, {48, 32, 16, 50, 7}, 0},
};
enum { CHAINS = sizeof chains / sizeof *chains, ROWS = 70 };

/* The model of a chain: width 1 at the end means a regression. */
static struct setup *setup_chain(const struct chain *c, const struct problem *p, const char *precision) {
    static const char *const names[] = {"relu", "tanh", "softplus"};
    char text[256] = "{\"kind\": \"mlp\", \"hidden\": [";
    for (size_t l = 1; l < c->layers; l++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%zu", l > 1 ? ", " : "", c->width[l]);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "], \"activation\": \"%s\", \"precision\": \"%s\"}",
             names[c->activation], precision);
    return make_setup(p, text, "{}");
}

static struct problem *make_rows(const struct chain *c, bool regression, uint64_t seed) {
    return make_problem(regression ? MU_REGRESSION : MU_CLASSIFICATION, ROWS, c->width[0], c->width[c->layers], false,
                        seed);
}

static void check_batch(struct setup *s, const struct chain *c, const struct problem *p, size_t n,
                        const uint32_t *index, const double *x, double tolerance) {
    double *const expected = make(s->dim, sizeof *expected);
    void *const at = encode(s, x), *const raw = make(s->dim, sizeof(double));
    const double loss = reference(c, p, n, index, x, s->dim, expected);
    const double fast = mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, n, index, 1, 0, at, raw);
    double *const g = decode(s, raw);
    assert_true(fabs(loss - fast) <= tolerance * (1 + fabs(loss)));
    assert_true(max_difference(s->dim, g, expected) <= tolerance);
    g[n % s->dim] += 10 * tolerance; /* negative control */
    assert_false(max_difference(s->dim, g, expected) <= tolerance);
    free(expected);
    free(at);
    free(raw);
    free(g);
}

/* Every batch size from 1 to 70 on odd shapes, in both types, for classes and for targets. */
static void gradients_equal_the_naive_ones(void **state) {
    (void)state;
    for (size_t i = 0; i < CHAINS; i++) {
        for (int regression = 0; regression < 2; regression++) {
            struct chain c = chains[i];
            c.width[c.layers] = regression ? 1 : c.width[c.layers];
            struct problem *const p = make_rows(&c, regression, i);
            struct setup *const s64 = setup_chain(&c, p, "float64"), *const s32 = setup_chain(&c, p, "float32");
            double *const x = make_point(s64->dim, 0.3, i);
            for (size_t n = 1; n <= ROWS; n += i == 5 ? 1 : 1 + (n * 7) % 5) {
                check_batch(s64, &c, p, n, NULL, x, 1e-13);
                check_batch(s32, &c, p, n, NULL, x, 2e-5);
            }
            free(x);
            free_setup(s64);
            free_setup(s32);
            free_problem(p);
        }
    }
}

static void rows_are_taken_by_index(void **state) {
    (void)state;
    const struct chain *const c = &chains[5];
    const uint32_t index[] = {69, 0, 3, 3, 41, 12, 7};
    struct problem *const p = make_rows(c, false, 3);
    struct setup *const s = setup_chain(c, p, "float64");
    double *const x = make_point(s->dim, 0.3, 1);
    check_batch(s, c, p, sizeof index / sizeof *index, index, x, 1e-13);
    free(x);
    free_setup(s);
    free_problem(p);
}

/* out = beta out + alpha g: from garbage with beta = 0, onto a vector, and onto x itself with the same bits. */
static void the_result_may_overwrite_the_point(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * CHAINS; i++) {
        const struct chain *const c = &chains[i / 2];
        struct problem *const p = make_rows(c, false, i);
        struct setup *const s = setup_chain(c, p, i % 2 ? "float64" : "float32");
        struct mu_workspace *const ws = mu_trainer_workspace(s->trainer);
        double *const x = make_point(s->dim, 0.3, i);
        const size_t bytes = s->dim * (s->f32 ? sizeof(float) : sizeof(double));
        for (size_t n = 1; n <= ROWS; n += 23) {
            void *const point = encode(s, x), *const onto = encode(s, x), *const pure = make(s->dim, sizeof(double));
            memset(pure, 0xff, bytes); /* NaN */
            const double l0 = mu_model_gradient(ws, &p->rows, n, NULL, 1, 0, point, pure);
            const double l1 = mu_model_gradient(ws, &p->rows, n, NULL, -0.25, 0.75, point, onto);
            double *const g = decode(s, pure), *const stepped = decode(s, onto);
            for (size_t k = 0; k < s->dim; k++) {
                g[k] = 0.75 * x[k] - 0.25 * g[k];
            }
            assert_true(max_difference(s->dim, stepped, g) < (s->f32 ? 1e-6 : 1e-15));
            const double l2 = mu_model_gradient(ws, &p->rows, n, NULL, -0.25, 0.75, point, point);
            assert_true(l0 == l1 && l1 == l2);
            assert_memory_equal(point, onto, bytes);
            ((char *)point)[bytes / 2] ^= 1;
            assert_true(memcmp(point, onto, bytes) != 0);
            free(point);
            free(onto);
            free(pure);
            free(g);
            free(stepped);
        }
        free(x);
        free_setup(s);
        free_problem(p);
    }
}

/* Rows 20..54 of the reference: the summed loss, and how often the largest output is the label's. */
static void scores_count_losses_and_hits(void **state) {
    (void)state;
    for (size_t i = 0; i < CHAINS; i++) {
        const struct chain *const c = &chains[i];
        struct problem *const p = make_rows(c, false, i);
        struct setup *const s = setup_chain(c, p, "float64");
        double *const x = make_point(s->dim, 0.5, i);
        long double *const g = make(s->dim, sizeof *g), loss = 0;
        for (size_t r = 20; r < 55; r++) {
            loss += reference_row(c, p, r, x, g);
        }
        const struct mu_score score = mu_model_score(mu_trainer_workspace(s->trainer), &p->rows, 20, 35, x);
        assert_true(fabs(score.loss - (double)loss) < 1e-11);
        assert_false(fabs(score.loss + 1e-9 - (double)loss) < 1e-11);
        assert_int_equal(score.n, 35);
        uint64_t correct = 0; /* a row is right if no other label would have had a smaller loss */
        for (size_t r = 20; r < 55; r++) {
            const int32_t label = p->label[r];
            const long double own = reference_row(c, p, r, x, g);
            bool best = true;
            for (p->label[r] = 0; (size_t)p->label[r] < c->width[c->layers]; p->label[r]++) {
                best = best && (p->label[r] == label || reference_row(c, p, r, x, g) > own);
            }
            p->label[r] = label;
            correct += best;
        }
        assert_int_equal(score.correct, correct);
        free(x);
        free(g);
        free_setup(s);
        free_problem(p);
    }
}

static void an_empty_batch_scales_only(void **state) {
    (void)state;
    struct problem *const p = make_rows(&chains[0], false, 1);
    struct setup *const s = setup_chain(&chains[0], p, "float64");
    struct mu_workspace *const ws = mu_trainer_workspace(s->trainer);
    double *const x = make_point(s->dim, 1, 1), *const out = make_point(s->dim, 1, 2);
    const double before = out[3];
    assert_true(mu_model_gradient(ws, &p->rows, 0, NULL, 1, 0.5, x, out) == 0);
    assert_true(out[3] == before / 2);
    assert_true(mu_model_gradient(ws, &p->rows, 0, NULL, 1, 0, x, out) == 0);
    assert_true(out[3] == 0);
    assert_int_equal(mu_model_score(ws, &p->rows, 4, 0, x).n, 0);
    free(x);
    free(out);
    free_setup(s);
    free_problem(p);
}

/* He and Glorot: zero mean, the stated variance (200 x 100 draws: 1 % of spread), zero biases, other seeds differ. */
static void initial_weights_have_the_published_variance(void **state) {
    (void)state;
    static const struct {
        const char *activation;
        double variance; /* of the hidden layer, 100 -> 200: He 2 / 100, Glorot 2 / 300 */
    } cases[] = {{"relu", 0.02}, {"softplus", 0.02}, {"tanh", 2.0 / 300}};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"kind\": \"mlp\", \"hidden\": [200], \"activation\": \"%s\"}",
                 cases[i].activation);
        struct problem *const p = make_problem(MU_CLASSIFICATION, 1, 100, 10, false, 1);
        struct setup *const s = make_setup(p, text, "{}");
        double *const x = make(s->dim, sizeof *x), *const y = make(s->dim, sizeof *y), mean = 0, square = 0, last = 0;
        mu_model_init(s->model, 4, x);
        mu_model_init(s->model, 5, y);
        for (size_t k = 0; k < 20000; k++) {
            mean += x[k] / 20000;
            square += x[k] * x[k] / 20000;
        }
        for (size_t k = 20200; k < 22200; k++) { /* the output layer is Glorot's for all: 2 / 210 */
            last += x[k] * x[k] / 2000;
        }
        assert_true(fabs(mean) < 5 * sqrt(cases[i].variance / 20000));
        assert_true(fabs(square / cases[i].variance - 1) < 0.05);
        assert_false(fabs(square / (1.2 * cases[i].variance) - 1) < 0.05);
        assert_true(fabs(last / (2.0 / 210) - 1) < 0.15);
        for (size_t k = 20000; k < 20200; k++) {
            assert_true(x[k] == 0);
        }
        assert_true(x[0] != y[0] && x[19999] != y[19999]);
        free(x);
        free(y);
        free_setup(s);
        free_problem(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_equal_the_naive_ones),
        cmocka_unit_test(rows_are_taken_by_index),
        cmocka_unit_test(the_result_may_overwrite_the_point),
        cmocka_unit_test(scores_count_losses_and_hits),
        cmocka_unit_test(an_empty_batch_scales_only),
        cmocka_unit_test(initial_weights_have_the_published_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
