#include "muster/base/exact.h"

#include <math.h>
#include <string.h>

#include "fixed.h"

/* Beyond these 2^shift or its inverse would not be a normal double. */
enum { MAX_SHIFT = 1000 };

int mu_exact_shift(double bound) {
    if (!(bound > 0.0) || isinf(bound)) {
        return 0;
    }
    int exponent = 0;
    frexp(bound, &exponent); /* 2^(exponent-1) <= bound < 2^exponent, for subnormal bounds too */
    const int shift = 62 - exponent;
    return shift < MAX_SHIFT ? shift : MAX_SHIFT; /* never below 62 - 1024 */
}

/* Both loops multiply in this order: weight * 2^shift alone may overflow where the term itself is small, whereas
 * weight * x is within the bound, and the second product only moves the exponent. Where it underflows, the term rounds
 * to zero anyway. The sum wraps, as int64 of MPI_SUM does, so that a broken bound is a wrong sum and not undefined. */
void mu_exact_add_f32(int64_t *restrict acc, size_t n, double weight, int shift, const float *restrict x) {
    const double scale = ldexp(1.0, shift);
    for (size_t i = 0; i < n; i++) {
        acc[i] = (int64_t)((uint64_t)acc[i] + (uint64_t)mu_fixed_round(weight * (double)x[i] * scale));
    }
}

void mu_exact_add_f64(int64_t *restrict acc, size_t n, double weight, int shift, const double *restrict x) {
    const double scale = ldexp(1.0, shift);
    for (size_t i = 0; i < n; i++) {
        acc[i] = (int64_t)((uint64_t)acc[i] + (uint64_t)mu_fixed_round(weight * x[i] * scale));
    }
}

void mu_exact_read(double *restrict out, size_t n, int shift, const int64_t *restrict acc) {
    const double scale = ldexp(1.0, -shift);
    for (size_t i = 0; i < n; i++) {
        out[i] = (double)acc[i] * scale;
    }
}

/* IEEE numbers without their sign order like integers, and the infinities and NaNs come last: an integer maximum is
 * exact about them, and unlike a floating-point maximum does not depend on the order of the elements. */
double mu_max_abs_f32(size_t n, const float *x) {
    int32_t max = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        max = bits > max ? bits : max;
    }
    float value;
    memcpy(&value, &max, sizeof value);
    return isnan(value) ? (double)INFINITY : (double)value;
}

double mu_max_abs_f64(size_t n, const double *x) {
    int64_t max = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT64_MAX;
        max = bits > max ? bits : max;
    }
    double value;
    memcpy(&value, &max, sizeof value);
    return isnan(value) ? (double)INFINITY : value;
}
