/* Each job straggles by itself with probability p. */
#include "row.h"

struct bernoulli {
    struct mu_straggle_effect effect;
    double p;
};

static void job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal, struct mu_straggle *out) {
    struct mu_rng rng;
    mu_rng_init(&rng, s->seed, MU_STREAM_STRAGGLER, client, ordinal);
    out->straggles = mu_rng_uniform(&rng) < ((const struct bernoulli *)s->options)->p;
}

static const struct mu_field fields[] = {
    PROBABILITY(bernoulli, p, NULL, "probability that a job straggles"),
    EFFECT_FIELDS,
    {0},
};

const struct mu_straggler mu_straggler_bernoulli = {
    .kind = {"bernoulli",
             "each job straggles with probability p",
             "",
             {fields, sizeof(struct bernoulli), mu_straggle_effect_check}},
    .effect = true,
    .job = job,
};
