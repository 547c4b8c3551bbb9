/* A normal law conditioned on being positive, drawn exactly: by plain rejection where at least a third of the normal's
 * mass is positive, and in the tail by Robert's rejection from an exponential (Statistics and Computing 5, 1995). */
#include "row.h"

struct normal {
    double mean, sd;
};

/* P(Z > a) / phi(a) of a standard normal: Mills' ratio. Laplace's continued fraction
 * 1 / (a + 1 / (a + 2 / (a + ...))) where it converges fast, and where the direct quotient would underflow. */
static double mills_ratio(double a) {
    if (a < 4.0) {
        return 0.5 * erfc(a * M_SQRT1_2) / (exp(-0.5 * a * a) * 0.5 * M_2_SQRTPI * M_SQRT1_2);
    }
    double tail = a;
    for (int k = 80; k >= 1; k--) {
        tail = a + k / tail;
    }
    return 1.0 / tail;
}

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct normal *o = law->options;
    const double a = -o->mean / o->sd; /* the standard normal must exceed it */
    if (a < 0.4) {
        for (;;) {
            const double x = o->mean + o->sd * mu_rng_normal(rng);
            if (x > 0.0) {
                return x;
            }
        }
    }
    const double rate = 0.5 * (a + sqrt(a * a + 4.0));
    for (;;) {
        const double beyond = mu_rng_exponential(rng) / rate;
        const double off = a + beyond - rate;
        const double x = o->sd * beyond;
        if (mu_rng_positive(rng) <= exp(-0.5 * off * off) && x > 0.0) {
            return x;
        }
    }
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct normal *o = law->options;
    const double a = -o->mean / o->sd;
    if (a < 4.0) {
        return o->mean + o->sd / mills_ratio(a);
    }
    /* 1 / mills_ratio(a) - a without its cancellation: the continued fraction less its first term. */
    double tail = a;
    for (int k = 80; k >= 2; k--) {
        tail = a + k / tail;
    }
    return o->sd / tail;
}

static double least(const struct mu_law *law) {
    (void)law;
    return 0.0;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct normal *o = law->options;
    if (!(x > 0.0)) {
        return 0.0;
    }
    const double a = -o->mean / o->sd;
    const double z = a + x / o->sd;
    if (a < 4.0) {
        return 1.0 - erfc(z * M_SQRT1_2) / erfc(a * M_SQRT1_2);
    }
    return 1.0 - exp(-0.5 * (z - a) * (z + a)) * mills_ratio(z) / mills_ratio(a);
}

static const struct mu_field fields[] = {
    ANY_NUMBER(normal, mean, NULL, "mean before truncation"),
    POSITIVE(normal, sd, NULL, "standard deviation before truncation"),
    {0},
};

const struct mu_distribution mu_distribution_normal = {
    .kind = {"normal", "normal, conditioned on being positive", "Robert 1995", {fields, sizeof(struct normal), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
