/* Gaussian differential privacy: exact for unsampled Gaussians, whose composition is one Gaussian (Dong, Roth and Su
 * 2022). Under sampling the central limit theorem (Bu et al. 2020; mu = q sqrt(T (exp(1 / sigma^2) - 1))) is an
 * estimate, often far too small: the result says so. */
#include "normal.h"

static int epsilon(size_t n, const struct mu_dp_event *events, double delta, struct mu_dp_cost *cost,
                   struct mu_err *err) {
    (void)err;
    double mu2 = 0.0;
    for (size_t i = 0; i < n; i++) {
        const struct mu_dp_event *e = &events[i];
        if (mu_dp_event_is_plain(e)) {
            mu2 += mu_dp_event_mu2(e);
        } else {
            mu2 += (double)e->count * e->q * e->q * expm1(1.0 / (e->sigma * e->sigma));
            cost->approximate = true;
        }
    }
    cost->epsilon = mu_gaussian_epsilon(sqrt(mu2), delta);
    return MU_OK;
}

const struct mu_accountant mu_accountant_gdp = {
    .kind = {"gdp",
             "exact for unsampled Gaussians; under sampling an approximation that may be far below the truth",
             "Balle and Wang 2018; Dong, Roth and Su 2022",
             {NULL, 0, NULL}},
    .epsilon = epsilon,
};
