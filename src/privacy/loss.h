/* Privacy loss distributions of Poisson-sampled Gaussians on a grid, and their composition. */
#ifndef MUSTER_PRIVACY_LOSS_H
#define MUSTER_PRIVACY_LOSS_H

#include "muster/privacy/account.h"

/* Which data set the output is drawn from: the one with the unit (it is removed), or the one without. */
enum mu_loss_direction { MU_LOSS_REMOVE, MU_LOSS_ADD };

/* One release: mass p[i] at loss (first + i) * h, and `infinite` at infinity. */
struct mu_loss_pmf {
    double h;
    int64_t first;
    size_t n;
    double *p; /* owned */
    double infinite;
};

/* Losses of one event (sigma > 0, 0 < q <= 1) on a grid of step h, or more if that would be too many bins. */
int mu_loss_discretise(const struct mu_dp_event *event, enum mu_loss_direction direction, double h,
                       struct mu_loss_pmf *pmf, struct mu_err *err);
void mu_loss_clear(struct mu_loss_pmf *pmf);

/* Range of the losses that are not cut off. */
void mu_loss_range(const struct mu_dp_event *event, enum mu_loss_direction direction, double *low, double *high);

/* epsilon at delta of all events composed, in one direction. */
int mu_loss_epsilon(size_t n, const struct mu_dp_event *events, enum mu_loss_direction direction, double delta,
                    double *epsilon, struct mu_err *err);

#endif
