/* Zero-concentrated differential privacy: rho adds, rho = (sensitivity / std)^2 / 2, and sampling does not lower it. */
#include "normal.h"

static int epsilon(size_t n, const struct mu_dp_event *events, double delta, struct mu_dp_cost *cost,
                   struct mu_err *err) {
    (void)err;
    double rho = 0.0;
    for (size_t i = 0; i < n; i++) {
        rho += 0.5 * mu_dp_event_mu2(&events[i]);
    }
    cost->epsilon = mu_zcdp_to_epsilon(rho, delta);
    return MU_OK;
}

const struct mu_accountant mu_accountant_zcdp = {
    .kind = {"zcdp",
             "zero-concentrated DP, tight conversion; takes no credit for sampling",
             "Bun and Steinke 2016; Canonne, Kamath and Steinke 2020",
             {NULL, 0, NULL}},
    .epsilon = epsilon,
};
