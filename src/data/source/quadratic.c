/* The workload of theory: client i has the loss |x - a_i|^2 / 2, or x'A_i x / 2 - b_i'x with A_i symmetric and positive
 * definite. Each client is one row of float64; the test rows are all of them, so that the mean test loss is the
 * objective with uniform importance. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "muster/base/mem.h"
#include "source.h"

struct options {
    struct mu_reals targets, A, b, x0;
};

static const struct mu_field fields[] = {
    {"targets", MU_REALS, MU_OPTION, offsetof(struct options, targets), "", 0, 0, "null",
     "a_i of each client: [1, 2, 6] for one dimension, else one array per client", NULL, false},
    {"A", MU_REALS, MU_OPTION, offsetof(struct options, A), "", 0, 0, "null",
     "A_i of each client, an array of rows (one number in one dimension); with b, in place of targets", NULL, false},
    {"b", MU_REALS, MU_OPTION, offsetof(struct options, b), "", 0, 0, "null",
     "b_i of each client, an array (one number in one dimension)", NULL, false},
    {"x0", MU_REALS, MU_OPTION, offsetof(struct options, x0), "", 0, 0, "null", "where the model starts; null: at zero",
     NULL, false},
    {0},
};

/* Clients and dimension of an array of one vector per client; plain numbers are vectors of one dimension. */
static void vector_shape(const struct mu_reals *r, size_t *clients, size_t *dim) {
    *clients = r->shape[0];
    *dim = r->axes >= 2 ? r->shape[1] : 1;
}

/* Cholesky's factor of a[d][d] into l exists only for a positive definite matrix. */
static bool is_positive_definite(size_t d, const double *a, double *l) {
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * d + j];
            for (size_t k = 0; k < j; k++) {
                sum -= l[i * d + k] * l[j * d + k];
            }
            if (i == j && !(sum > 0)) {
                return false;
            }
            l[i * d + j] = i == j ? sqrt(sum) : sum / l[j * d + j];
        }
    }
    return true;
}

static bool is_symmetric(size_t d, const double *a) {
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < i; j++) {
            const double upper = a[j * d + i], lower = a[i * d + j];
            if (fabs(upper - lower) > 8 * DBL_EPSILON * (fabs(upper) + fabs(lower))) {
                return false;
            }
        }
    }
    return true;
}

static int check_matrices(const struct options *o, const char *file, const char *pointer, struct mu_err *err) {
    char place[512], matrices[512], field[32];
    snprintf(matrices, sizeof matrices, "%s/A", pointer);
    size_t clients = 0, d = 0;
    vector_shape(&o->b, &clients, &d);
    const bool plain = o->A.axes == 1 && o->b.axes == 1 && o->A.shape[0] == clients;
    const bool full =
        o->A.axes == 3 && o->b.axes == 2 && o->A.shape[0] == clients && o->A.shape[1] == d && o->A.shape[2] == d;
    if (!plain && !full) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "A"),
                       "expected one symmetric matrix per client, %zu of %zu x %zu as b has them", clients, d, d);
    }
    double *const l = mu_alloc(d, d * sizeof *l, err);
    if (l == NULL) {
        return err->code;
    }
    int rc = MU_OK;
    for (size_t i = 0; i < clients && rc == MU_OK; i++) {
        const double *const a = o->A.v + i * d * d;
        snprintf(field, sizeof field, "%zu", i);
        if (!is_symmetric(d, a)) {
            rc = mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, matrices, field), "the matrix is not symmetric");
        } else if (!is_positive_definite(d, a, l)) {
            rc = mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, matrices, field),
                         "the matrix is not positive definite");
        }
    }
    mu_free(l);
    return rc;
}

static int check_options(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct options *const o = values;
    char place[512];
    const bool has_targets = o->targets.n > 0, has_matrix = o->A.n > 0 && o->b.n > 0;
    if (has_targets == has_matrix || (o->A.n > 0) != (o->b.n > 0)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL),
                       "quadratic needs either targets or both A and b");
    }
    const struct mu_reals *const vectors = has_targets ? &o->targets : &o->b;
    if (vectors->axes > 2) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, has_targets ? "targets" : "b"),
                       "expected one array of numbers per client");
    }
    size_t clients = 0, dim = 0;
    vector_shape(vectors, &clients, &dim);
    if (o->x0.n > 0 && (o->x0.axes != 1 || o->x0.n != dim)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "x0"), "expected %zu numbers", dim);
    }
    return has_matrix ? check_matrices(o, file, pointer, err) : MU_OK;
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    const bool matrix = o->A.n > 0;
    size_t clients = 0, dim = 0;
    vector_shape(matrix ? &o->b : &o->targets, &clients, &dim);
    pool->task = (struct mu_task){.kind = MU_QUADRATIC, .features = dim, .matrix = matrix};
    pool->elem = MU_F64;
    pool->width = matrix ? dim * dim + dim : dim;
    pool->clients = (uint32_t)clients;
    MU_TRY(mu_part_new(&pool->train, pool, clients, err));
    MU_TRY(mu_part_new(&pool->test, pool, clients, err));
    if ((pool->owner = mu_alloc(clients, sizeof *pool->owner, err)) == NULL) {
        return err->code;
    }
    double *row = pool->train.x;
    for (size_t i = 0; i < clients; i++, row += pool->width) {
        pool->owner[i] = (uint32_t)i;
        if (matrix) {
            memcpy(row, o->A.v + i * dim * dim, dim * dim * sizeof *row);
            memcpy(row + dim * dim, o->b.v + i * dim, dim * sizeof *row);
        } else {
            memcpy(row, o->targets.v + i * dim, dim * sizeof *row);
        }
    }
    memcpy(pool->test.x, pool->train.x, clients * pool->width * sizeof *row);
    if (o->x0.n > 0) {
        if ((pool->x0 = mu_alloc(dim, sizeof *pool->x0, err)) == NULL) {
            return err->code;
        }
        memcpy(pool->x0, o->x0.v, dim * sizeof *pool->x0);
    }
    return MU_OK;
}

const struct mu_source mu_source_quadratic = {
    .kind = {.name = "quadratic",
             .summary = "one quadratic loss per client, given by targets or by A and b",
             .reference = "",
             .group = {fields, sizeof(struct options), check_options}},
    .fixes_clients = true,
    .load = load,
};
