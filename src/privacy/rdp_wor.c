/* Renyi divergence under sampling without replacement, neighbours by replacement: theorem 27 of Wang, Balle and
 * Kasiviswanathan 2019. With f(j) = E_q[(p/q)^j] = exp(j (j - 1) / (2 sigma^2)) and B(l) = E_q[(p/q - 1)^l] for even l,
 *
 *   A <= 1 + q^2 C(alpha, 2) min(4 (f(2) - 1), 2 f(2))
 *          + sum over j >= 3 of q^j C(alpha, j) min(4 sqrt(B(2 floor(j/2)) B(2 ceil(j/2))), 2 f(j)).
 *
 * B is a finite difference of f in the paper. Here it is the integral itself, whose integrand is positive, by the
 * trapezoidal rule: differences of order l cancel to nothing if sigma is large. */
#include "rdp.h"

#include <math.h>

static double log_add(double a, double b) {
    const double high = fmax(a, b);
    return isinf(high) ? high : high + log1p(exp(fmin(a, b) - high));
}

static double log_f(double sigma, double j) {
    return j * (j - 1.0) / (2.0 * sigma * sigma);
}

/* log B(l), l even and at least 2; where f(l) is very large, the bound log(f(l) + 1), which the minimum passes over. */
static double log_b(double sigma, double l) {
    if (log_f(sigma, l) > 60.0) {
        return log_f(sigma, l) + log1p(exp(-log_f(sigma, l)));
    }
    const double h = sigma / 8.0;
    const double log_weight = log(h / sigma) - 0.91893853320467274; /* log(sqrt(2 pi)) */
    double sum = -INFINITY;
    for (double i = ceil(-(13.0 * sigma + l) / h); i * h <= l + 13.0 * sigma; i++) {
        const double x = i * h;
        const double ratio = fabs(expm1((x - 0.5) / (sigma * sigma)));
        if (ratio > 0.0) {
            sum = log_add(sum, log_weight - 0.5 * (x / sigma) * (x / sigma) + l * log(ratio));
        }
    }
    return sum;
}

static double log_a_integer(double q, double sigma, double alpha) {
    double sum = 0.0; /* log 1 */
    double below = 0.0;
    double above = 0.0; /* log B(2 floor(j/2)), log B(2 ceil(j/2)) */
    double floor_at = 0.0;
    double ceil_at = 0.0;
    const int64_t order = (int64_t)alpha;
    for (int64_t i = 2; i <= order; i++) {
        const double j = (double)i;
        double bound = M_LN2 + log_f(sigma, j);
        if (j == 2.0) {
            bound = fmin(bound, log(4.0) + log(expm1(fmin(700.0, log_f(sigma, 2.0)))));
        } else {
            const double lower = 2.0 * floor(j / 2.0);
            const double upper = 2.0 * ceil(j / 2.0);
            if (lower != floor_at) {
                below = lower == ceil_at ? above : log_b(sigma, lower);
                floor_at = lower;
            }
            if (upper != ceil_at) {
                above = upper == floor_at ? below : log_b(sigma, upper);
                ceil_at = upper;
            }
            bound = fmin(bound, log(4.0) + 0.5 * (below + above));
        }
        sum = log_add(sum, j * log(q) + mu_log_binomial(alpha, j) + bound);
    }
    return sum;
}

/* (alpha - 1) RDP(alpha) is convex in alpha and 0 at 1: between integers the chord is an upper bound. */
double mu_rdp_wor_log_a(double q, double sigma, double alpha) {
    const double lower = floor(alpha);
    const double at_lower = lower > 1.0 ? log_a_integer(q, sigma, lower) : 0.0;
    if (alpha == lower) {
        return at_lower;
    }
    const double share = alpha - lower;
    return (1.0 - share) * at_lower + share * log_a_integer(q, sigma, lower + 1.0);
}
