/* What the accountants share about normal distributions. */
#ifndef MUSTER_PRIVACY_NORMAL_H
#define MUSTER_PRIVACY_NORMAL_H

#include <math.h>

#include "muster/privacy/account.h"

/* log of the standard normal distribution function, also where that underflows. */
double mu_normal_log_cdf(double x);

/* sum of (sensitivity / std)^2 over the event's releases as if nothing were sampled: an upper bound if something is. */
double mu_dp_event_mu2(const struct mu_dp_event *event);

/* The same without sampling in truth: q = 1, or nothing to sample. */
static inline bool mu_dp_event_is_plain(const struct mu_dp_event *event) {
    return event->kind == MU_DP_GAUSSIAN || event->kind == MU_DP_TREE || event->q == 1.0;
}

#endif
