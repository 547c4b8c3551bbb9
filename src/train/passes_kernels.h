/* Template of passes.h: define REAL and NAME(x), then include. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "passes.h"

enum { LANES = 16 }; /* independent accumulators: a fixed order of summation that vectorises */

void NAME(mu_pass_scale)(size_t n, double beta, REAL *y) {
    const REAL b = (REAL)beta;
    if (b == 0) {
        memset(y, 0, n * sizeof *y);
    } else {
        for (size_t i = 0; i < n; i++) {
            y[i] *= b;
        }
    }
}

void NAME(mu_pass_regularise)(size_t n, double l2, double mu, const REAL *y, const REAL *start, const REAL *drift,
                              REAL *restrict g) {
    const REAL a = (REAL)l2, m = (REAL)mu;
    if (drift == NULL) {
        for (size_t i = 0; i < n; i++) {
            g[i] += a * y[i] + m * (y[i] - start[i]);
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            g[i] += a * y[i] + m * (y[i] - start[i]) + drift[i];
        }
    }
}

/* Norm of numbers whose squares overflow or vanish, relative to the largest. */
static double scaled_norm(size_t n, const REAL *y, double largest) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)y[i] / largest;
        sum += d * d;
    }
    return largest * sqrt(sum);
}

struct mu_norms NAME(mu_pass_subtract)(size_t n, const REAL *restrict start, REAL *restrict y) {
    /* zero[j] collects 0 * y: NaN as soon as anything is not finite, which a maximum would not show. */
    double square[LANES] = {0};
    REAL largest[LANES] = {0}, zero[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            const REAL d = y[i + j] - start[i + j], a = d < 0 ? -d : d;
            y[i + j] = d;
            largest[j] = a > largest[j] ? a : largest[j];
            zero[j] += 0 * d;
            square[j] += (double)d * (double)d;
        }
    }
    for (size_t j = 0; i < n; i++, j++) {
        const REAL d = y[i] - start[i], a = d < 0 ? -d : d;
        y[i] = d;
        largest[j] = a > largest[j] ? a : largest[j];
        zero[j] += 0 * d;
        square[j] += (double)d * (double)d;
    }
    double sum = 0;
    struct mu_norms norms = {0};
    for (size_t j = 0; j < LANES; j++) {
        sum += square[j];
        norms.max_abs = fmax(norms.max_abs, (double)largest[j]);
        if (zero[j] != 0) { /* NaN */
            return (struct mu_norms){.max_abs = (double)INFINITY, .norm = (double)INFINITY};
        }
    }
    const bool in_range = sum > 1e-280 && sum < 1e300;
    norms.norm = in_range || norms.max_abs == 0 ? sqrt(sum) : scaled_norm(n, y, norms.max_abs);
    return norms;
}
