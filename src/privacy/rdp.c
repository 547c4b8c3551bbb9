/* Renyi divergence of the Poisson-sampled Gaussian (Mironov, Talwar and Zhang 2019).
 *
 * With r the likelihood ratio and y = q (r - 1), A = E[(1 + y)^alpha] over x ~ N(0, sigma^2). As E[y] = 0,
 * A - 1 = E[g], g = (1 + y)^alpha - 1 - alpha y >= 0: no cancellation however small q or large sigma is, where the
 * signed series for fractional orders of the paper loses all digits or converges slowly. Integer orders are the finite
 * sum of binomials (the same subtraction made term by term); other orders the trapezoidal rule, whose error falls
 * exponentially in 1 / h for a function analytic in a strip: the next pole is pi sigma^2 away from the real line. */
#include "rdp.h"

#include <float.h>
#include <math.h>

double mu_log_binomial(double n, double k) {
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

/* log(exp(a) + exp(b)) */
static double log_add(double a, double b) {
    const double high = fmax(a, b);
    return isinf(high) ? high : high + log1p(exp(fmin(a, b) - high));
}

/* log(exp(x) - 1), x > 0. */
static double log_expm1(double x) {
    return x > 40.0 ? x : log(expm1(x));
}

/* log(A - 1) = log sum over k >= 2 of C(alpha, k) (1 - q)^(alpha - k) q^k (exp((k^2 - k) / (2 sigma^2)) - 1). */
static double integer_log_excess(double q, double sigma, double alpha) {
    const double log_q = log(q);
    const double log_rest = log1p(-q);
    double sum = -INFINITY;
    double log_binomial = log(alpha); /* C(alpha, 1) */
    const int64_t order = (int64_t)alpha;
    for (int64_t i = 2; i <= order; i++) {
        const double k = (double)i;
        log_binomial += log((alpha - k + 1.0) / k);
        const double moment = log_expm1((k * k - k) / (2.0 * sigma * sigma));
        sum = log_add(sum, log_binomial + k * log_q + (alpha - k) * log_rest + moment);
    }
    return sum;
}

/* log g for one alpha from y and log(1 + y). */
static double log_g(double alpha, double y, double log_1y) {
    if (fabs(alpha * y) < 0.05) {
        /* Binomial series from its second term; the eighth is 1e-15 of the second. */
        double term = 0.5 * alpha * (alpha - 1.0) * y * y;
        double sum = term;
        for (int k = 3; k <= 12; k++) {
            term *= (alpha - k + 1.0) / k * y;
            sum += term;
        }
        return log(sum);
    }
    const double power = alpha * log_1y;
    if (log_1y < 1.0) {
        return log(expm1(power) - alpha * y);
    }
    return power + log1p(-((1.0 - alpha) * exp(-power) + alpha * exp((1.0 - alpha) * log_1y)));
}

/* log(A - 1) of up to 128 fractional orders by the trapezoidal rule, in `excess`. */
static void fractional_log_excess(double q, double sigma, size_t n, const double *alpha, double *excess) {
    double most = 1.0;
    for (size_t k = 0; k < n; k++) {
        excess[k] = -INFINITY;
        most = fmax(most, alpha[k]);
    }
    const double h = fmin(sigma / 4.0, sigma * sigma / 3.0);
    const double log_weight = log(h / sigma) - 0.91893853320467274; /* log(sqrt(2 pi)) */
    const double log_q = log(q);
    const double odds = (1.0 - q) / q;
    const double end = most + 13.0 * sigma; /* the integrand of order alpha peaks at or below x = alpha */
    for (double i = ceil(-13.0 * sigma / h); i * h <= end; i++) {
        const double x = i * h;
        const double u = (x - 0.5) / (sigma * sigma);
        const double y = u < 700.0 ? q * expm1(u) : INFINITY;
        const double log_1y = u < 1.0 ? log1p(y) : u + log_q + log1p(odds * exp(-u));
        const double log_density = log_weight - 0.5 * (x / sigma) * (x / sigma);
        for (size_t k = 0; k < n; k++) {
            if (y != 0.0) {
                excess[k] = log_add(excess[k], log_density + log_g(alpha[k], y, log_1y));
            }
        }
    }
}

/* log(1 + exp(l)) / (alpha - 1) */
static double divergence(double log_excess, double alpha) {
    return (log_excess > 40.0 ? log_excess : log1p(exp(log_excess))) / (alpha - 1.0);
}

static void poisson_orders(double q, double sigma, size_t n, const double *alpha, double *rdp) {
    double fractional[128];
    double excess[128];
    size_t place[128];
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        if (alpha[k] == floor(alpha[k])) {
            rdp[k] = divergence(integer_log_excess(q, sigma, alpha[k]), alpha[k]);
        } else {
            fractional[m] = alpha[k];
            place[m++] = k;
        }
        if (m == 128 || (k + 1 == n && m > 0)) {
            fractional_log_excess(q, sigma, m, fractional, excess);
            for (size_t j = 0; j < m; j++) {
                rdp[place[j]] = divergence(excess[j], fractional[j]);
            }
            m = 0;
        }
    }
}

void mu_rdp_orders(const struct mu_dp_event *event, size_t n, const double *alpha, double *rdp) {
    const bool sampled = event->kind == MU_DP_POISSON_GAUSSIAN || event->kind == MU_DP_WOR_GAUSSIAN;
    if (sampled && event->q > 0.0 && event->q < 1.0 && event->sigma > 0.0) {
        if (event->kind == MU_DP_POISSON_GAUSSIAN) {
            poisson_orders(event->q, event->sigma, n, alpha, rdp);
            return;
        }
        for (size_t k = 0; k < n; k++) {
            rdp[k] = mu_rdp_wor_log_a(event->q, event->sigma, alpha[k]) / (alpha[k] - 1.0);
        }
        return;
    }
    const double height = event->kind == MU_DP_TREE ? mu_tree_height(event->steps) : 1.0;
    for (size_t k = 0; k < n; k++) {
        rdp[k] = sampled && event->q == 0.0 ? 0.0 : alpha[k] * height / (2.0 * event->sigma * event->sigma);
    }
}

double mu_rdp_event(const struct mu_dp_event *event, double alpha) {
    double rdp = 0.0;
    mu_rdp_orders(event, 1, &alpha, &rdp);
    return rdp;
}

double mu_rdp_to_epsilon_classic(double alpha, double rdp, double delta) {
    return rdp - log(delta) / (alpha - 1.0);
}

double mu_rdp_to_epsilon(double alpha, double rdp, double delta) {
    /* delta <= sqrt(1 - exp(-KL)) (Bretagnolle and Huber), and KL is at most the Renyi divergence. */
    if (delta * delta + expm1(-rdp) > 0.0) {
        return 0.0;
    }
    const double epsilon = rdp + log1p(-1.0 / alpha) - (log(delta) + log(alpha)) / (alpha - 1.0);
    return fmax(0.0, epsilon);
}
