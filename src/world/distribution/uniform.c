/* Every value from low up to high is equally likely. */
#include "row.h"

struct uniform {
    double low, high;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct uniform *o = law->options;
    return o->low + (o->high - o->low) * mu_rng_uniform(rng);
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct uniform *o = law->options;
    return o->low + 0.5 * (o->high - o->low);
}

static double least(const struct mu_law *law) {
    return ((const struct uniform *)law->options)->low;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct uniform *o = law->options;
    if (x < o->low) {
        return 0.0;
    }
    return x >= o->high ? 1.0 : (x - o->low) / (o->high - o->low);
}

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct uniform *o = values;
    if (o->high >= o->low) {
        return MU_OK;
    }
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "high"), "expected at least low, %g, got %g",
                   o->low, o->high);
}

static const struct mu_field fields[] = {
    ANY_NUMBER(uniform, low, NULL, "smallest value"),
    ANY_NUMBER(uniform, high, NULL, "largest value"),
    {0},
};

const struct mu_distribution mu_distribution_uniform = {
    .kind = {"uniform", "every value from low to high is equally likely", "", {fields, sizeof(struct uniform), check}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
