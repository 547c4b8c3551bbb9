/* One of a few values, such as fast and slow. */
#include "muster/base/mem.h"
#include "row.h"

struct choice {
    struct mu_reals values, weights;
};

/* law->table: the weights' running sums, one per value. */
static int prepare(struct mu_law *law, const struct mu_law_scope *scope, struct mu_err *err) {
    (void)scope;
    const struct choice *o = law->options;
    double *sum = mu_alloc(o->values.n, sizeof *sum, err);
    if (sum == NULL) {
        return MU_RANK_FAILED;
    }
    double total = 0.0;
    for (size_t i = 0; i < o->values.n; i++) {
        total += o->weights.n == 0 ? 1.0 : o->weights.v[i];
        sum[i] = total;
    }
    law->table = sum;
    return MU_OK;
}

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct choice *o = law->options;
    const double *sum = law->table;
    const double total = sum[o->values.n - 1];
    const double u = mu_rng_uniform(rng) * total;
    /* The first value whose running sum exceeds u. A value of no weight has the sum of the one before it and is never
     * first; u may round up to the total, which the last value of positive weight then takes. */
    size_t low = 0;
    size_t high = o->values.n - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sum[middle] > u || sum[middle] == total) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return o->values.v[low];
}

static double weight_of(const struct choice *o, size_t i) {
    return o->weights.n == 0 ? 1.0 : o->weights.v[i];
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct choice *o = law->options;
    const double total = ((const double *)law->table)[o->values.n - 1];
    double sum = 0.0;
    for (size_t i = 0; i < o->values.n; i++) {
        sum += weight_of(o, i) / total * o->values.v[i];
    }
    return sum;
}

static double least(const struct mu_law *law) {
    const struct choice *o = law->options;
    double smallest = INFINITY;
    for (size_t i = 0; i < o->values.n; i++) {
        smallest = weight_of(o, i) > 0.0 ? fmin(smallest, o->values.v[i]) : smallest;
    }
    return smallest;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct choice *o = law->options;
    const double total = ((const double *)law->table)[o->values.n - 1];
    double below = 0.0;
    for (size_t i = 0; i < o->values.n; i++) {
        below += o->values.v[i] <= x ? weight_of(o, i) : 0.0;
    }
    return fmin(1.0, below / total);
}

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct choice *o = values;
    char place[512];
    if (o->values.n == 0 || o->values.axes != 1) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "values"), "expected a list of numbers");
    }
    if (o->weights.n == 0) {
        return MU_OK;
    }
    mu_place(place, file, pointer, "weights");
    if (o->weights.n != o->values.n || o->weights.axes != 1) {
        return mu_fail(err, MU_BAD_CONFIG, place, "expected one weight per value: %zu, got %zu", o->values.n,
                       o->weights.n);
    }
    double total = 0.0;
    for (size_t i = 0; i < o->weights.n; i++) {
        total += o->weights.v[i];
    }
    if (!(total > 0.0) || isinf(total)) {
        return mu_fail(err, MU_BAD_CONFIG, place, "expected a positive finite sum, got %g", total);
    }
    return MU_OK;
}

static const struct mu_field fields[] = {
    {"values", MU_REALS, MU_OPTION, offsetof(struct choice, values), "", 0, 0, NULL, "the values to choose from", NULL,
     false},
    {"weights", MU_REALS, MU_OPTION, offsetof(struct choice, weights), "", 0, INFINITY, "null",
     "how likely each value is, in any unit; absent: all alike", NULL, false},
    {0},
};

const struct mu_distribution mu_distribution_choice = {
    .kind = {"choice", "one of a list of values, with weights", "", {fields, sizeof(struct choice), check}},
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
