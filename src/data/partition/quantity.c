/* Quantity skew: each client draws a weight, lognormal exp(sigma z) or power law u^(-1/exponent) (Pareto, with tail
 * P(weight > w) = w^-exponent), and gets min_samples rows plus a share of the rest in proportion to its weight, rounded
 * so that the sum is exact. Which rows it gets is random: labels are not skewed. */
#include <math.h>

#include "muster/base/mem.h"
#include "partition.h"
#include "source.h"

enum law { LOGNORMAL, POWER };
static const char *const law_words[] = {"lognormal", "power", NULL};

struct options {
    int law;
    double sigma, exponent;
    int64_t min_samples;
};

static const struct mu_field fields[] = {
    {"law", MU_ENUM, MU_OPTION, offsetof(struct options, law), "", 0, 0, "\"lognormal\"", "distribution of sizes",
     law_words, false},
    {"sigma", MU_REAL, MU_OPTION, offsetof(struct options, sigma), "", 0, 20, "1",
     "lognormal: standard deviation of the logarithm of a size", NULL, false},
    {"exponent", MU_REAL, MU_OPTION, offsetof(struct options, exponent), "", 0.05, 1000, "2",
     "power: P(size > s) falls as s^-exponent", NULL, false},
    {"min_samples", MU_INT, MU_OPTION, offsetof(struct options, min_samples), "rows", 0, 1e9, "1",
     "least rows of a client", NULL, false},
    {0},
};

static void draw_weights(const struct mu_deal *deal, double *weight) {
    const struct options *const o = deal->options;
    struct mu_rng rng;
    mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_WEIGHT);
    for (uint32_t i = 0; i < deal->clients; i++) {
        weight[i] =
            o->law == LOGNORMAL ? exp(o->sigma * mu_rng_normal(&rng)) : pow(mu_rng_positive(&rng), -1 / o->exponent);
    }
}

static int assign(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err) {
    const struct options *const o = deal->options;
    const uint64_t least = (uint64_t)o->min_samples;
    if (least > deal->rows / deal->clients) {
        return mu_data_fail(deal->file, "partition/min_samples", err,
                            "%u clients cannot have %llu rows each of the %zu there are", deal->clients,
                            (unsigned long long)least, deal->rows);
    }
    double *const weight = mu_alloc(deal->clients, sizeof *weight, err);
    uint64_t *const size = mu_alloc(deal->clients, sizeof *size, err);
    uint32_t *const order = mu_alloc(deal->rows, sizeof *order, err);
    int rc = weight == NULL || size == NULL || order == NULL ? err->code : MU_OK;
    if (rc == MU_OK) {
        draw_weights(deal, weight);
        mu_deal_sizes(deal->rows - least * deal->clients, deal->clients, weight, size);
        for (size_t i = 0; i < deal->rows; i++) {
            order[i] = (uint32_t)i;
        }
        struct mu_rng rng;
        mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_ORDER);
        mu_rng_shuffle(&rng, deal->rows, order);
        const uint32_t *row = order;
        for (uint32_t client = 0; client < deal->clients; client++) {
            for (uint64_t k = 0; k < least + size[client]; k++) {
                owner[*row++] = client;
            }
        }
    }
    mu_free(weight);
    mu_free(size);
    mu_free(order);
    return rc;
}

const struct mu_partition mu_partition_quantity = {
    .kind = {.name = "quantity",
             .summary = "sizes skewed by a lognormal or power law, labels even",
             .reference = "",
             .group = {fields, sizeof(struct options), NULL}},
    .assign = assign,
};
