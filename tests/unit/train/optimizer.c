/* Local optimizers on |x - a|^2 / 2, whose gradient is x - a: against PyTorch's update rules written out as scalar
 * recurrences, and PyTorch's own first steps. */
#include "support.h"

#include "optimizer/kind.h"

enum { STEPS = 7, DIM = 3 };

struct options {
    double lr, momentum, beta1, beta2, epsilon, decay;
};

/* One coordinate's state: up to two numbers, then y. */
struct scalar {
    double u, v, y;
};

static void sgd(const struct options *o, int t, double g, struct scalar *s) {
    (void)t;
    s->y -= o->lr * g;
}

static void momentum(const struct options *o, int t, double g, struct scalar *s) {
    s->u = t == 1 ? g : o->momentum * s->u + g;
    s->y -= o->lr * s->u;
}

static void nesterov(const struct options *o, int t, double g, struct scalar *s) {
    s->u = t == 1 ? g : o->momentum * s->u + g;
    s->y -= o->lr * (g + o->momentum * s->u);
}

static void adam(const struct options *o, int t, double g, struct scalar *s) {
    s->u = o->beta1 * s->u + (1 - o->beta1) * g;
    s->v = o->beta2 * s->v + (1 - o->beta2) * g * g;
    const double mean = s->u / (1 - pow(o->beta1, t)), square = s->v / (1 - pow(o->beta2, t));
    s->y -= o->lr * mean / (sqrt(square) + o->epsilon);
}

static void adamw(const struct options *o, int t, double g, struct scalar *s) {
    s->y *= 1 - o->lr * o->decay;
    adam(o, t, g, s);
}

static const struct {
    const char *name, *json;
    struct options options;
    void (*step)(const struct options *o, int t, double g, struct scalar *s);
} cases[] = {
    {"sgd", "{\"kind\": \"sgd\", \"lr\": 0.3}", {.lr = 0.3}, sgd},
    {"momentum", "{\"kind\": \"momentum\", \"lr\": 0.2, \"momentum\": 0.8}", {.lr = 0.2, .momentum = 0.8}, momentum},
    {"nesterov", "{\"kind\": \"nesterov\", \"lr\": 0.2}", {.lr = 0.2, .momentum = 0.9}, nesterov},
    {"adam", "{\"kind\": \"adam\"}", {.lr = 0.001, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}, adam},
    {"adam",
     "{\"kind\": \"adam\", \"lr\": 0.1, \"beta1\": 0.8, \"beta2\": 0.9, \"epsilon\": 0.01}",
     {.lr = 0.1, .beta1 = 0.8, .beta2 = 0.9, .epsilon = 0.01},
     adam},
    {"adamw",
     "{\"kind\": \"adamw\", \"lr\": 0.1, \"weight_decay\": 0.5}",
     {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.5},
     adamw},
};
enum { CASES = sizeof cases / sizeof *cases };

static const double start[DIM] = {0, 1.5, -4};

static void expect(size_t i, double decrease, const struct problem *p, double *update) {
    for (size_t k = 0; k < DIM; k++) {
        struct scalar s = {.y = start[k]};
        struct options o = cases[i].options;
        o.lr *= 1 - decrease;
        for (int t = 1; t <= STEPS; t++) {
            cases[i].step(&o, t, s.y - p->x[k], &s);
        }
        update[k] = s.y - start[k];
    }
}

static void steps_follow_the_published_recurrences(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 1, DIM, 0, false, 9);
    for (size_t i = 0; i < CASES; i++) {
        char client[256];
        struct mu_local_result result;
        double expected[DIM];
        snprintf(client, sizeof client, "{\"optimizer\": %s, \"local_steps\": %d}", cases[i].json, STEPS);
        struct setup *const s = make_setup(p, "{\"kind\": \"vector\"}", client);
        for (int repeat = 0; repeat < 2; repeat++) { /* the second job starts from fresh state */
            double *const update = run_job(s, p, start, NULL, 0, &result);
            expect(i, 0, p, expected);
            assert_true(max_difference(DIM, update, expected) < 1e-13);
            expect(i, 1e-6, p, expected);
            assert_false(max_difference(DIM, update, expected) < 1e-13);
            free(update);
        }
        assert_int_equal(result.steps, STEPS);
        free_setup(s);
    }
    free_problem(p);
}

/* The float32 step is the float64 step up to rounding, over a length that is no multiple of a vector. */
static void both_types_step_alike(void **state) {
    (void)state;
    enum { N = 37 };
    for (size_t r = 0; r < mu_optimizers.n; r++) {
        const struct mu_optimizer_kind *const kind = (const struct mu_optimizer_kind *)mu_optimizers.rows[r];
        struct mu_err err = {0};
        void *const options = make(1, kind->kind.group.size);
        check_ok(mu_group_parse(&kind->kind.group, NULL, "test", "", options, &err), &err);
        float u32[N] = {0}, v32[N] = {0}, y32[N], g32[N];
        double u64[N] = {0}, v64[N] = {0}, y64[N], g64[N];
        for (size_t i = 0; i < N; i++) {
            y64[i] = (double)(y32[i] = (float)i - 12.25F);
            g64[i] = (double)(g32[i] = 3 - (float)i / 4);
        }
        for (uint64_t t = 1; t <= 3; t++) {
            kind->step_f32(options, t, 0.25, N, (float *[]){u32, v32}, g32, y32);
            kind->step_f64(options, t, 0.25, N, (double *[]){u64, v64}, g64, y64);
        }
        double moved = 0;
        for (size_t i = 0; i < N; i++) {
            assert_true(fabs((double)y32[i] - y64[i]) < 1e-5);
            moved = fmax(moved, fabs(y64[i] - ((double)i - 12.25)));
        }
        assert_true(moved > 0.1);
        mu_group_clear(&kind->kind.group, options);
        free(options);
    }
}

/* The first Adam step is lr in the direction of the sign, whatever the gradient's size (Kingma and Ba, section 2.1). */
static void adams_first_step_has_the_length_of_lr(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 1, DIM, 0, false, 9);
    memcpy(p->x, (double[]){1000, -0.001, 1}, sizeof(double[DIM]));
    struct setup *const s = make_setup(p, "{\"kind\": \"vector\"}",
                                       "{\"optimizer\": {\"kind\": \"adam\", \"lr\": 0.5}, \"local_steps\": 1}");
    struct mu_local_result result;
    double *const update = run_job(s, p, (double[]){0, 0, 0}, NULL, 0, &result);
    assert_true(max_difference(DIM, update, (double[]){0.5, -0.5, 0.5}) < 1e-5);
    assert_false(max_difference(DIM, update, (double[]){0.5, -0.5, 0.4999}) < 1e-5);
    free(update);
    free_setup(s);
    free_problem(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_the_published_recurrences),
        cmocka_unit_test(both_types_step_alike),
        cmocka_unit_test(adams_first_step_has_the_length_of_lr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
