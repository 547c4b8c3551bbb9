#include "coded_probe.h"

#include <math.h>
#include <stdlib.h>

#include "muster/base/mem.h"

enum { UNITS = 4 }; /* of a worker's equal share; a pair has twice as many */

uint64_t mu_coded_probe_units(const struct mu_coded_probe *probe) {
    return (uint64_t)probe->n * UNITS;
}

static bool has_partner(const struct mu_coded_probe *probe, uint32_t worker) {
    return (worker ^ 1U) < probe->n;
}

static bool has_more(uint32_t round, uint32_t worker) {
    return (worker + round) % 2 == 0;
}

static bool sends_two(uint32_t round, uint32_t worker) {
    return (worker / 2 + round / 2) % 2 == 1;
}

struct mu_coded_share mu_coded_probe_share(const struct mu_coded_probe *probe, uint32_t round, uint32_t worker) {
    const uint64_t from = (uint64_t)worker * UNITS;
    struct mu_coded_share share = {from, from + UNITS, probe->vectors && sends_two(round, worker) ? 2 : 1};
    if (probe->load && has_partner(probe, worker)) {
        /* The border between the two of a pair moves by half a share. */
        const bool first_has_more = has_more(round, worker & ~1U);
        const uint64_t border = ((uint64_t)worker / 2 * 2 + 1) * UNITS;
        const uint64_t moved = first_has_more ? border + UNITS / 2 : border - UNITS / 2;
        *(worker % 2 == 0 ? &share.to : &share.from) = moved;
    }
    return share;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Reorders v. Of two in the middle the lower: what goes wrong takes longer, so it is the better witness. */
static double median(double *v, size_t n) {
    qsort(v, n, sizeof *v, compare);
    return v[(n - 1) / 2];
}

/* What a round may have for a worker. */
typedef bool factor(uint32_t round, uint32_t worker);

/* Median time of the rounds with the factor, less that of those without, where the other factor is alike; the mean over
 * both cases of that. In whole cycles of four rounds. */
static double effect(const struct mu_coded_probe *probe, const double *time_s, uint32_t worker, factor *has,
                     factor *other, double *scratch) {
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        size_t n = 0;
        for (uint32_t r = 0; r < probe->rounds / 4 * 4; r++) {
            if (has(r, worker) == (k % 2 == 1) && other(r, worker) == (k / 2 == 1)) {
                scratch[n++] = time_s[(size_t)r * probe->n + worker];
            }
        }
        sum += k % 2 == 1 ? median(scratch, n) : -median(scratch, n);
    }
    return sum / 2;
}

static double cost_of(const struct mu_coded_probe *probe, const double *time_s, bool pairs, factor *has, factor *other,
                      double *scratch) {
    double *const effects = scratch + probe->rounds;
    size_t n = 0;
    for (uint32_t i = 0; i < probe->n && probe->rounds >= 4; i++) {
        if (!pairs || has_partner(probe, i)) {
            effects[n++] = effect(probe, time_s, i, has, other, scratch);
        }
    }
    return n > 0 ? fmax(median(effects, n), 0) : 0;
}

int mu_coded_probe_cost(const struct mu_coded_probe *probe, double *time_s, struct mu_coded_cost *cost,
                        struct mu_err *err) {
    double *scratch = mu_alloc((size_t)probe->rounds + probe->n, sizeof *scratch, err);
    if (scratch == NULL) {
        return err->code;
    }
    /* The two shares of a pair differ by 1/n. */
    const double more = probe->load ? cost_of(probe, time_s, true, has_more, sends_two, scratch) : 0;
    *cost = (struct mu_coded_cost){more * probe->n,
                                   probe->vectors ? cost_of(probe, time_s, false, sends_two, has_more, scratch) : 0};
    mu_free(scratch);
    for (uint32_t r = 0; r < probe->rounds; r++) {
        for (uint32_t i = 0; i < probe->n; i++) {
            const struct mu_coded_share share = mu_coded_probe_share(probe, r, i);
            const double extra = (double)(share.to - share.from) / UNITS - 1; /* in shares of 1/n */
            double *t = &time_s[(size_t)r * probe->n + i];
            *t = fmax(0, *t - extra * more - (share.parts - 1) * cost->vector_s);
        }
    }
    return MU_OK;
}
