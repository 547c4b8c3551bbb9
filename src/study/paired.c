/* Differences between pairs. */
#include "muster/study/paired.h"

#include <math.h>

double mu_sign_test(size_t more, size_t less) {
    const double n = (double)(more + less);
    const size_t fewer = more < less ? more : less;
    double tail = 0;
    for (size_t k = 0; k <= fewer; k++) { /* the binomial's terms by logarithms, which do not overflow */
        const double i = (double)k;
        tail += exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) - n * log(2));
    }
    return fmin(1, 2 * tail);
}

struct mu_paired mu_paired(size_t n, const double *a, const double *b, double *scratch) {
    struct mu_paired result = {.more = 0};
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = a[i] - b[i];
        if (isfinite(d)) {
            scratch[known++] = d;
            result.more += d > 0;
            result.less += d < 0;
        }
    }
    result.difference = mu_spread(known, scratch);
    result.sign_p = mu_sign_test(result.more, result.less);
    return result;
}
