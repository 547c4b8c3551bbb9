/* Mean, spread, and time to a target with runs that never reached it. */
#include "muster/study/statistics.h"

#include <math.h>

double mu_student(size_t df) {
    /* Fisher and Yates, Statistical Tables, table III (two-sided 5 %). */
    static const double quantile[] = {12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624,
                                      2.306004,  2.262157, 2.228139, 2.200985, 2.178813, 2.160369, 2.144787,
                                      2.131450,  2.119905, 2.109816, 2.100922, 2.093024, 2.085963};
    enum { KNOWN = sizeof quantile / sizeof *quantile };
    if (df <= KNOWN) {
        return quantile[df - 1];
    }
    /* Cornish and Fisher's expansion about the normal quantile (Abramowitz and Stegun 26.7.5); good to 1e-5 here. */
    const double z = 1.959963984540054, n = (double)df, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

struct mu_spread mu_spread(size_t n, const double *x) {
    struct mu_spread s = {n, NAN, NAN, NAN};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
    }
    if (n > 0) {
        s.mean = sum / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        squares += (x[i] - s.mean) * (x[i] - s.mean);
    }
    if (n > 1) {
        s.sd = sqrt(squares / (double)(n - 1));
        s.half = mu_student(n - 1) * s.sd / sqrt((double)n);
    }
    return s;
}

/* The value with `rank` others below it, or INFINITY; n is the number of seeds, so quadratic is quick enough. */
static double order(size_t n, const double *x, size_t rank) {
    for (size_t i = 0; i < n; i++) {
        size_t below = 0;
        for (size_t j = 0; j < n; j++) {
            below += x[j] < x[i] || (x[j] == x[i] && j < i);
        }
        if (!isnan(x[i]) && below == rank) {
            return x[i];
        }
    }
    return INFINITY;
}

double mu_censored_median(size_t n, const double *x) {
    return n == 0 ? NAN : (order(n, x, (n - 1) / 2) + order(n, x, n / 2)) / 2;
}
