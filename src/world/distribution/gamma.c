/* Gamma: for whole shapes the sum of that many exponentials of mean `scale`. */
#include "row.h"

struct gamma {
    double shape, scale;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct gamma *o = law->options;
    return o->scale * mu_rng_gamma(rng, o->shape);
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct gamma *o = law->options;
    return o->shape * o->scale;
}

static double least(const struct mu_law *law) {
    (void)law;
    return 0.0;
}

/* The regularised incomplete gamma function P(a, x): its series below a + 1, and above the continued fraction of the
 * complement by Lentz's method (Abramowitz and Stegun 6.5.29, 6.5.31). */
static double lower_gamma(double a, double x) {
    const double front = exp(a * log(x) - x - lgamma(a));
    enum { MOST = 100000 }; /* terms; about 8 sqrt(a) are needed near x = a */
    if (x < a + 1.0) {
        double term = 1.0 / a;
        double sum = term;
        for (int k = 1; k < MOST && term > sum * 0x1p-54; k++) {
            term *= x / (a + k);
            sum += term;
        }
        return fmin(1.0, front * sum);
    }
    double b = x + 1.0 - a;
    double c = 0x1p1000;
    double d = 1.0 / b;
    double fraction = d;
    for (int k = 1; k < MOST && fabs(c * d - 1.0) > 0x1p-53; k++) {
        const double numerator = -k * (k - a);
        b += 2.0;
        d = 1.0 / (b + numerator * d);
        c = b + numerator / c;
        fraction *= c * d;
    }
    return fmax(0.0, 1.0 - front * fraction);
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct gamma *o = law->options;
    if (!(x > 0.0)) {
        return 0.0;
    }
    return isinf(x) ? 1.0 : lower_gamma(o->shape, x / o->scale);
}

static const struct mu_field fields[] = {
    POSITIVE(gamma, shape, NULL, "shape; 1 is the exponential"),
    POSITIVE(gamma, scale, NULL, "scale; the mean is shape times scale"),
    {0},
};

const struct mu_distribution mu_distribution_gamma = {
    .kind = {"gamma",
             "sum of `shape` exponentials of mean `scale`",
             "Marsaglia and Tsang 2000",
             {fields, sizeof(struct gamma), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
