/* Renyi differential privacy: divergences add at each order, the best order gives epsilon. */
#include "rdp.h"

#include <math.h>

/* Orders 1.1 to 10.9 in tenths, 11 to 63, and 128, 256, 512, 1024, as Google's accountant has them. */
enum { TENTHS = 99, WHOLE = 53, LARGE = 4, ORDERS = TENTHS + WHOLE + LARGE };

static void fill_orders(double alpha[ORDERS]) {
    for (int i = 0; i < TENTHS; i++) {
        alpha[i] = (11.0 + i) / 10.0;
    }
    for (int i = 0; i < WHOLE; i++) {
        alpha[TENTHS + i] = 11.0 + i;
    }
    for (int i = 0; i < LARGE; i++) {
        alpha[TENTHS + WHOLE + i] = 128.0 * (1 << i);
    }
}

static int epsilon(size_t n, const struct mu_dp_event *events, double delta, struct mu_dp_cost *cost,
                   struct mu_err *err) {
    (void)err;
    double alpha[ORDERS];
    double total[ORDERS] = {0.0};
    double one[ORDERS];
    fill_orders(alpha);
    for (size_t i = 0; i < n; i++) {
        mu_rdp_orders(&events[i], ORDERS, alpha, one);
        for (int k = 0; k < ORDERS; k++) {
            total[k] += (double)events[i].count * one[k];
        }
    }
    int best = 0;
    cost->epsilon = INFINITY;
    for (int k = 0; k < ORDERS; k++) {
        const double candidate = mu_rdp_to_epsilon(alpha[k], total[k], delta);
        if (candidate < cost->epsilon) {
            cost->epsilon = candidate;
            best = k;
        }
    }
    cost->order = alpha[best];
    cost->grid_edge = (best == 0 || best == ORDERS - 1) && cost->epsilon > 0.0;
    return MU_OK;
}

const struct mu_accountant mu_accountant_rdp = {
    .kind = {"rdp",
             "Renyi DP over 156 orders: an upper bound for every kind of event",
             "Mironov, Talwar and Zhang 2019; Wang, Balle and Kasiviswanathan 2019",
             {NULL, 0, NULL}},
    .epsilon = epsilon,
};
