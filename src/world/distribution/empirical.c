/* Measured values from a file, each as likely as any other. */
#include <stdlib.h>

#include "muster/base/mem.h"
#include "numbers.h"
#include "row.h"

struct empirical {
    char *file;
};

/* law->table */
struct sorted {
    size_t n;
    double mean;
    double value[]; /* ascending */
};

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int prepare(struct mu_law *law, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct empirical *o = law->options;
    char place[512];
    mu_place(place, scope->file, scope->pointer, "file");
    struct mu_numbers numbers;
    MU_TRY(mu_numbers_read(&numbers, o->file, 0, place, err));
    const size_t n = numbers.rows * numbers.columns;
    struct sorted *sorted = mu_alloc_uninit(1, sizeof *sorted + n * sizeof *sorted->value, err);
    if (sorted != NULL) {
        sorted->n = n;
        sorted->mean = 0.0;
        for (size_t i = 0; i < n; i++) {
            sorted->value[i] = numbers.v[i];
            sorted->mean += (numbers.v[i] - sorted->mean) / (double)(i + 1);
        }
        qsort(sorted->value, n, sizeof *sorted->value, compare);
    }
    mu_numbers_clear(&numbers);
    law->table = sorted;
    return sorted == NULL ? MU_RANK_FAILED : MU_OK;
}

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct sorted *sorted = law->table;
    return sorted->value[mu_rng_below(rng, sorted->n)];
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    return ((const struct sorted *)law->table)->mean;
}

static double least(const struct mu_law *law) {
    return ((const struct sorted *)law->table)->value[0];
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct sorted *sorted = law->table;
    size_t low = 0; /* of values up to x */
    size_t high = sorted->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sorted->value[middle] <= x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (double)low / (double)sorted->n;
}

static const struct mu_field fields[] = {
    {"file", MU_STRING, MU_OPTION, offsetof(struct empirical, file), "", 0, 0, NULL,
     "text file of numbers, separated by commas, blanks or newlines", NULL, false},
    {0},
};

const struct mu_distribution mu_distribution_empirical = {
    .kind = {"empirical",
             "measured values from a file, drawn with replacement",
             "",
             {fields, sizeof(struct empirical), NULL}},
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
