/* What several unit tests need: goodness-of-fit statistics with their critical values, scratch directories, errors.
 * Header-only; a test uses what it needs of it. */
#ifndef MUSTER_TESTS_SUPPORT_H
#define MUSTER_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "muster/base/err.h"

static inline int support_compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov: sqrt(n) * sup |F_n - F| of a sample, which is sorted in place. `cdf` gets `parameter`. */
static inline double support_ks(size_t n, double *sample, double (*cdf)(double x, const double *parameter),
                                const double *parameter) {
    qsort(sample, n, sizeof *sample, support_compare);
    double worst = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double f = cdf(sample[i], parameter);
        const double above = (double)(i + 1) / (double)n - f;
        const double below = f - (double)i / (double)n;
        worst = fmax(worst, fmax(above, below));
    }
    return sqrt((double)n) * worst;
}

/* What support_ks exceeds with probability 1e-6 for large n: 2 exp(-2 x^2) = 1e-6. */
#define SUPPORT_KS_LIMIT 2.694

/* Pearson's statistic of k counts against their expectations, as a standard normal score by Wilson and Hilferty's cube
 * root; good for k - 1 >= 3 degrees of freedom and expectations of 5 and more. */
static inline double support_chi_square_score(size_t k, const double *count, const double *expected) {
    double sum = 0.0;
    for (size_t i = 0; i < k; i++) {
        const double off = count[i] - expected[i];
        sum += off * off / expected[i];
    }
    const double freedom = (double)k - 1.0;
    const double spread = 2.0 / (9.0 * freedom);
    return (cbrt(sum / freedom) - (1.0 - spread)) / sqrt(spread);
}

/* What a standard normal score exceeds in absolute value with probability 1e-6. */
#define SUPPORT_SCORE_LIMIT 4.892

/* The regularised lower incomplete gamma function P(a, x): the CDF of Gamma(a, 1). Series and continued fraction as in
 * Abramowitz and Stegun 6.5.29 and 6.5.31; about 1e-12. */
static inline double support_gamma_p(double a, double x) {
    if (x <= 0.0) {
        return 0.0;
    }
    const double front = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1.0) {
        double term = 1.0 / a;
        double sum = term;
        for (int i = 1; i < 10000 && term > 1e-16 * sum; i++) {
            term *= x / (a + i);
            sum += term;
        }
        return fmin(1.0, front * sum);
    }
    double b = x + 1.0 - a;
    double c = 1e300;
    double d = 1.0 / b;
    double fraction = d;
    for (int i = 1; i < 10000; i++) {
        const double an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        fraction *= c * d;
        if (fabs(c * d - 1.0) < 1e-16) {
            break;
        }
    }
    return 1.0 - front * fraction;
}

/* A new, empty directory under TMPDIR or /tmp; its path goes into dir[256]. */
static inline void support_temp_dir(char dir[256]) {
    const char *root = getenv("TMPDIR");
    snprintf(dir, 256, "%s/muster-test-XXXXXX", root == NULL || root[0] == '\0' ? "/tmp" : root);
    assert_non_null(mkdtemp(dir));
}

static inline int support_remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Removes a directory and what is in it. */
static inline void support_remove_dir(const char *dir) {
    assert_int_equal(nftw(dir, support_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Writes bytes to a file, to be read by what is under test. */
static inline void support_write(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Fails unless err holds this code and its place and text contain the given parts; clears it. */
static inline void support_expect_error(struct mu_err *err, int code, const char *place, const char *text) {
    if (err->code != code || strstr(err->place, place) == NULL || strstr(err->text, text) == NULL) {
        fail_msg("expected error %d \"%s\": \"%s\", got %d \"%s\": \"%s\"", code, place, text, err->code, err->place,
                 err->text);
    }
    *err = (struct mu_err){.code = MU_OK};
}

/* Fails with the error's words if there is one. */
static inline void support_expect_ok(const struct mu_err *err) {
    if (err->code != MU_OK) {
        fail_msg("unexpected error %d \"%s\": \"%s\"", err->code, err->place, err->text);
    }
}

#endif
