/* Renyi divergences of events over many orders at once. */
#ifndef MUSTER_PRIVACY_RDP_H
#define MUSTER_PRIVACY_RDP_H

#include "muster/privacy/account.h"

/* rdp[k] of one release at each of the orders (> 1). Sampled kinds share what does not depend on the order. */
void mu_rdp_orders(const struct mu_dp_event *event, size_t n, const double *alpha, double *rdp);

/* log E[(p / q)^alpha], sampling without replacement, for one order >= 1 (rdp_wor.c). */
double mu_rdp_wor_log_a(double q, double sigma, double alpha);

/* log of the binomial coefficient, n >= k >= 0. */
double mu_log_binomial(double n, double k);

#endif
