/* The Gaussian mechanism in closed form, and zCDP. */
#include "normal.h"

#include "muster/privacy/account.h"

double mu_normal_log_cdf(double x) {
    if (x > -35.0) {
        return log(0.5 * erfc(-x * M_SQRT1_2));
    }
    /* Asymptotic series of the Mills ratio; at 35 the first term left out is 1e-12 of the first. */
    const double r = 1.0 / (x * x);
    return -0.5 * x * x - log(-x) - 0.91893853320467274 + log1p(-r + 3.0 * r * r - 15.0 * r * r * r);
}

double mu_gaussian_delta(double mu, double epsilon) {
    if (mu <= 0.0) {
        return 0.0;
    }
    if (isinf(mu)) {
        return 1.0;
    }
    const double first = 0.5 * erfc((epsilon / mu - 0.5 * mu) * M_SQRT1_2);
    const double second = exp(epsilon + mu_normal_log_cdf(-0.5 * mu - epsilon / mu));
    return fmax(0.0, first - second);
}

/* Bisection; the upper end is returned, whose delta is at most the wanted one. */
double mu_gaussian_epsilon(double mu, double delta) {
    if (mu_gaussian_delta(mu, 0.0) <= delta) {
        return 0.0;
    }
    if (isinf(mu)) {
        return INFINITY;
    }
    double low = 0.0;
    double high = 0.5 * mu * mu + mu * sqrt(2.0 * log(1.0 / delta)) + 1e-9;
    while (mu_gaussian_delta(mu, high) > delta) {
        high *= 2.0;
    }
    for (int i = 0; i < 200 && high - low > 1e-14 * high; i++) {
        const double middle = 0.5 * (low + high);
        if (mu_gaussian_delta(mu, middle) > delta) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

double mu_zcdp_to_epsilon_standard(double rho, double delta) {
    return rho + 2.0 * sqrt(rho * log(1.0 / delta));
}

/* Epsilon by Canonne, Kamath and Steinke 2020 for one alpha = 1 + exp(s); an upper bound for any s. */
static double epsilon_at(double rho, double delta, double s) {
    const double less = exp(s);
    const double alpha = 1.0 + less;
    return alpha * rho + (-alpha * log1p(1.0 / less) - s - log(delta)) / less;
}

double mu_zcdp_to_epsilon(double rho, double delta) {
    if (rho <= 0.0) {
        return 0.0;
    }
    if (isinf(rho)) {
        return INFINITY;
    }
    /* Golden section over log(alpha - 1); alpha is kept at 1.01 and more, as IBM's cdp2adp does. */
    const double ratio = 0.61803398874989485;
    double low = log(0.01);
    double high = log(1e12);
    double left = high - ratio * (high - low);
    double right = low + ratio * (high - low);
    double at_left = epsilon_at(rho, delta, left);
    double at_right = epsilon_at(rho, delta, right);
    for (int i = 0; i < 100; i++) {
        if (at_left < at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - ratio * (high - low);
            at_left = epsilon_at(rho, delta, left);
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + ratio * (high - low);
            at_right = epsilon_at(rho, delta, right);
        }
    }
    return fmax(0.0, fmin(at_left, at_right));
}

int mu_tree_height(int64_t steps) {
    int height = 0;
    while (height < 62 && (INT64_C(1) << height) < steps + 1) {
        height++;
    }
    return height;
}

double mu_dp_event_mu2(const struct mu_dp_event *event) {
    const double releases = event->kind == MU_DP_TREE ? mu_tree_height(event->steps) : 1.0;
    return (double)event->count * releases / (event->sigma * event->sigma);
}
