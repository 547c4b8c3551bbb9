/* Linear regression with a known optimum: y = w*'x + e with w*_j = (-1)^j / (1 + j) for j = 0, 1, ... and no intercept,
 * x standard normal. The noise e of the training rows is made orthogonal to every feature and to the constant, so that
 * w* (with intercept 0, if the model has one) is exactly the least squares solution over all training rows, and the
 * loss there is |e|^2 / 2n, its mean over the rows. Float64. */
#include <math.h>

#include "muster/base/mem.h"
#include "muster/base/rng.h"
#include "source.h"

struct options {
    int64_t samples, test_samples, features;
    double noise;
};

static const struct mu_field fields[] = {
    {"samples", MU_INT, MU_OPTION, offsetof(struct options, samples), "rows", 1, 1e9, "10000", "training rows", NULL,
     false},
    {"test_samples", MU_INT, MU_OPTION, offsetof(struct options, test_samples), "rows", 0, 1e9, "2000", "test rows",
     NULL, false},
    {"features", MU_INT, MU_OPTION, offsetof(struct options, features), "", 1, 4096, "20",
     "numbers per row; the optimum is w_j = (-1)^j / (1 + j), j from 0, without an intercept", NULL, false},
    {"noise", MU_REAL, MU_OPTION, offsetof(struct options, noise), "", 0, 1e6, "0.1",
     "standard deviation of the targets' noise", NULL, false},
    {0},
};

/* Row i has the ordinal i: its features, then its noise, which goes to target. */
static void draw_rows(const struct options *o, uint64_t seed, enum mu_stream stream, struct mu_part *part) {
    const size_t features = (size_t)o->features;
    for (size_t i = 0; i < part->n; i++) {
        double *const x = (double *)part->x + i * features;
        struct mu_rng rng;
        mu_rng_init(&rng, seed, stream, 0, (uint32_t)i);
        for (size_t j = 0; j < features; j++) {
            x[j] = mu_rng_normal(&rng);
        }
        part->target[i] = o->noise * mu_rng_normal(&rng);
    }
}

/* Feature j of a row, the constant 1 being the last. */
static double column_of(const double *x, size_t features, size_t j) {
    return j < features ? x[j] : 1;
}

/* Cholesky's factor of the (features + 1)^2 Gram matrix of the features and the constant, lower, in place. False if
 * they are linearly dependent. */
static bool factor_gram(size_t features, const struct mu_part *part, double *gram) {
    const size_t d = features + 1;
    for (size_t i = 0; i < part->n; i++) {
        const double *const x = (const double *)part->x + i * features;
        for (size_t a = 0; a < d; a++) {
            for (size_t b = 0; b <= a; b++) {
                gram[a * d + b] += column_of(x, features, a) * column_of(x, features, b);
            }
        }
    }
    for (size_t a = 0; a < d; a++) {
        for (size_t b = 0; b <= a; b++) {
            double sum = gram[a * d + b];
            for (size_t k = 0; k < b; k++) {
                sum -= gram[a * d + k] * gram[b * d + k];
            }
            if (a == b && !(sum > 0)) {
                return false;
            }
            gram[a * d + b] = a == b ? sqrt(sum) : sum / gram[b * d + b];
        }
    }
    return true;
}

/* noise -= projection of noise on the features and the constant. c has features + 1 numbers of scratch. */
static void remove_projection(size_t features, struct mu_part *part, const double *l, double *c) {
    const size_t d = features + 1;
    for (size_t a = 0; a < d; a++) {
        c[a] = 0;
    }
    for (size_t i = 0; i < part->n; i++) {
        for (size_t a = 0; a < d; a++) {
            c[a] += column_of((const double *)part->x + i * features, features, a) * part->target[i];
        }
    }
    for (size_t a = 0; a < d; a++) {
        for (size_t k = 0; k < a; k++) {
            c[a] -= l[a * d + k] * c[k];
        }
        c[a] /= l[a * d + a];
    }
    for (size_t a = d; a-- > 0;) {
        for (size_t k = a + 1; k < d; k++) {
            c[a] -= l[k * d + a] * c[k];
        }
        c[a] /= l[a * d + a];
    }
    for (size_t i = 0; i < part->n; i++) {
        for (size_t a = 0; a < d; a++) {
            part->target[i] -= column_of((const double *)part->x + i * features, features, a) * c[a];
        }
    }
}

static void add_signal(size_t features, struct mu_part *part) {
    for (size_t i = 0; i < part->n; i++) {
        const double *const x = (const double *)part->x + i * features;
        for (size_t j = 0; j < features; j++) {
            part->target[i] += (j % 2 == 0 ? 1 : -1) / (1 + (double)j) * x[j];
        }
    }
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    const size_t features = (size_t)o->features, d = features + 1;
    if (o->samples <= (int64_t)d) {
        return mu_data_fail(call->file, "samples", err, "%zu features need more than %zu rows", features, d);
    }
    pool->task = (struct mu_task){.kind = MU_REGRESSION, .features = features};
    pool->elem = MU_F64;
    pool->width = features;
    char place[512];
    mu_place(place, call->file, "/data", "samples");
    MU_TRY(mu_pool_fits((size_t)(o->samples + o->test_samples), features, sizeof(double), place, err));
    MU_TRY(mu_part_new(&pool->train, pool, (size_t)o->samples, err));
    MU_TRY(mu_part_new(&pool->test, pool, (size_t)o->test_samples, err));
    draw_rows(o, call->seed, MU_STREAM_DATA, &pool->train);
    draw_rows(o, call->seed, MU_STREAM_TEST_DATA, &pool->test);
    double *const scratch = mu_alloc(d * d + d, sizeof *scratch, err);
    if (scratch == NULL) {
        return err->code;
    }
    int rc = MU_OK;
    if (!factor_gram(features, &pool->train, scratch)) {
        rc = mu_data_fail(call->file, "samples", err, "too few rows for %zu features", features);
    } else {
        /* The second pass removes what rounding left over from the first. */
        remove_projection(features, &pool->train, scratch, scratch + d * d);
        remove_projection(features, &pool->train, scratch, scratch + d * d);
        add_signal(features, &pool->train);
        add_signal(features, &pool->test);
    }
    mu_free(scratch);
    return rc;
}

const struct mu_source mu_source_linear = {
    .kind = {.name = "linear",
             .summary = "linear regression whose least squares solution is known exactly",
             .reference = "",
             .group = {fields, sizeof(struct options), NULL}},
    .load = load,
};
