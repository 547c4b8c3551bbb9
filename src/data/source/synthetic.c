/* synthetic(alpha, beta) of Li et al. 2020 (FedProx), also in LEAF. Client k has its own classifier
 *     y = argmax(W_k x + b_k),  W_k, b_k ~ N(u_k, 1),  u_k ~ N(0, alpha),
 * and its own inputs
 *     x ~ N(v_k, Sigma),  Sigma_jj = j^-1.2,  v_k ~ N(B_k, 1),  B_k ~ N(0, beta);
 * alpha sets how much models differ, beta how much inputs do. As in the published generators alpha and beta are
 * standard deviations, and a size is min(floor(lognormal) + min_samples, max_samples).
 *
 * A client's rows are generated when they are asked for, a pure function of (seed, client): a million clients cost
 * nothing. Ordinals of (MU_STREAM_DATA, client): 0 the size, 1 the model, 2 + i row i; MU_STREAM_TEST_DATA: i row i. */
#include <math.h>

#include "muster/base/mem.h"
#include "muster/base/rng.h"
#include "source.h"

struct options {
    double alpha, beta, size_mu, size_sigma;
    int64_t features, classes, min_samples, max_samples, test_samples;
};

static const struct mu_field fields[] = {
    {"alpha", MU_REAL, MU_OPTION, offsetof(struct options, alpha), "", 0, 1e6, "1",
     "how much the clients' true models differ", NULL, false},
    {"beta", MU_REAL, MU_OPTION, offsetof(struct options, beta), "", 0, 1e6, "1", "how much the clients' inputs differ",
     NULL, false},
    {"features", MU_INT, MU_OPTION, offsetof(struct options, features), "", 1, 100000, "60", "numbers per row", NULL,
     false},
    {"classes", MU_INT, MU_OPTION, offsetof(struct options, classes), "", 2, 10000, "10", "classes", NULL, false},
    {"size_mu", MU_REAL, MU_OPTION, offsetof(struct options, size_mu), "", -20, 20, "3",
     "mean of the logarithm of a client's size", NULL, false},
    {"size_sigma", MU_REAL, MU_OPTION, offsetof(struct options, size_sigma), "", 0, 20, "2",
     "standard deviation of the logarithm of a client's size; 0: all clients have the same size", NULL, false},
    {"min_samples", MU_INT, MU_OPTION, offsetof(struct options, min_samples), "rows", 1, 1e9, "5",
     "added to every size", NULL, false},
    {"max_samples", MU_INT, MU_OPTION, offsetof(struct options, max_samples), "rows", 1, 1e9, "1000",
     "largest size of a client", NULL, false},
    {"test_samples", MU_INT, MU_OPTION, offsetof(struct options, test_samples), "rows", 0, 1e9, "2000",
     "test rows, dealt over the clients in turn", NULL, false},
    {0},
};

enum { ORDINAL_SIZE, ORDINAL_MODEL, ORDINAL_ROWS };

static size_t draw_size(const void *options, uint64_t seed, uint32_t client) {
    const struct options *const o = options;
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_DATA, client, ORDINAL_SIZE);
    const double size = floor(exp(o->size_mu + o->size_sigma * mu_rng_normal(&rng))) + (double)o->min_samples;
    return size < (double)o->max_samples ? (size_t)size : (size_t)o->max_samples;
}

/* A client's truth: mean[features] of its inputs, then classes rows of features weights and a bias. */
static size_t truth_numbers(const struct options *o) {
    return (size_t)o->features + (size_t)o->classes * ((size_t)o->features + 1);
}

static void draw_truth(const struct options *o, uint64_t seed, uint32_t client, double *truth) {
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_DATA, client, ORDINAL_MODEL);
    const double u = o->alpha * mu_rng_normal(&rng), centre = o->beta * mu_rng_normal(&rng);
    const size_t features = (size_t)o->features, n = truth_numbers(o);
    for (size_t i = 0; i < n; i++) {
        truth[i] = (i < features ? centre : u) + mu_rng_normal(&rng);
    }
}

/* Row x[features] and its label. deviation[j] is sqrt(Sigma_jj). */
static int32_t draw_row(const struct options *o, const double *truth, const double *deviation, struct mu_rng *rng,
                        float *x) {
    const size_t features = (size_t)o->features;
    const double *weight = truth + features;
    for (size_t j = 0; j < features; j++) {
        x[j] = (float)(truth[j] + deviation[j] * mu_rng_normal(rng));
    }
    int32_t best = 0;
    double highest = -INFINITY;
    for (int32_t c = 0; c < (int32_t)o->classes; c++, weight += features + 1) {
        double score = weight[features];
        for (size_t j = 0; j < features; j++) {
            score += weight[j] * (double)x[j];
        }
        if (score > highest) {
            highest = score;
            best = c;
        }
    }
    return best;
}

static void fill_deviations(size_t features, double *deviation) {
    for (size_t j = 0; j < features; j++) {
        deviation[j] = pow((double)j + 1, -0.6);
    }
}

static int generate_client(const void *options, uint64_t seed, uint32_t client, struct mu_space *space,
                           struct mu_rows *rows, struct mu_err *err) {
    const struct options *const o = options;
    const size_t n = draw_size(options, seed, client), features = (size_t)o->features, truth_n = truth_numbers(o);
    MU_TRY(mu_space_reserve(space, n, features, sizeof(float), err));
    /* There are no targets: their buffer is scratch for the truth and the deviations. */
    MU_TRY(mu_grow(&space->target, &space->target_capacity, truth_n + features, sizeof(double), err));
    double *const truth = space->target, *const deviation = truth + truth_n;
    draw_truth(o, seed, client, truth);
    fill_deviations(features, deviation);
    for (size_t i = 0; i < n; i++) {
        struct mu_rng rng;
        mu_rng_init(&rng, seed, MU_STREAM_DATA, client, (uint32_t)(ORDINAL_ROWS + i));
        ((int32_t *)space->label)[i] = draw_row(o, truth, deviation, &rng, (float *)space->x + i * features);
    }
    rows->n = n;
    rows->x = space->x;
    rows->label = space->label;
    rows->target = NULL;
    return MU_OK;
}

/* Test rows 0, clients, 2 clients, ... are client 0's, and so on in turn; they stand client by client. */
static int generate_tests(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    const size_t features = (size_t)o->features, truth_n = truth_numbers(o), n = pool->test.n;
    double *const truth = mu_alloc(truth_n + features, sizeof *truth, err);
    if (truth == NULL) {
        return err->code;
    }
    fill_deviations(features, truth + truth_n);
    size_t at = 0;
    for (uint32_t client = 0; client < call->clients && at < n; client++) {
        const size_t share = n / call->clients + (client < n % call->clients);
        draw_truth(o, call->seed, client, truth);
        for (uint32_t i = 0; i < share; i++, at++) {
            struct mu_rng rng;
            mu_rng_init(&rng, call->seed, MU_STREAM_TEST_DATA, client, i);
            pool->test.label[at] = draw_row(o, truth, truth + truth_n, &rng, (float *)pool->test.x + at * features);
        }
    }
    mu_free(truth);
    return MU_OK;
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    pool->task =
        (struct mu_task){.kind = MU_CLASSIFICATION, .features = (size_t)o->features, .classes = (size_t)o->classes};
    pool->width = (size_t)o->features;
    pool->elem = MU_F32;
    char place[512];
    mu_place(place, call->file, "/data", "test_samples");
    MU_TRY(mu_pool_fits((size_t)o->test_samples, pool->width, sizeof(float), place, err));
    MU_TRY(mu_part_new(&pool->test, pool, (size_t)o->test_samples, err));
    return generate_tests(call, pool, err);
}

const struct mu_source mu_source_synthetic = {
    .kind = {.name = "synthetic",
             .summary = "synthetic(alpha, beta): every client its own classifier and inputs, generated on demand",
             .reference = "Li et al. 2020 (FedProx); Caldas et al. 2018 (LEAF)",
             .group = {fields, sizeof(struct options), NULL}},
    .fixes_clients = true,
    .load = load,
    .size = draw_size,
    .client = generate_client,
};
