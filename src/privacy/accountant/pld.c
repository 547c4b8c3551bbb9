/* Privacy loss distributions, composed by FFT: the tightest accountant here, and still an upper bound.
 *
 * Each event's loss is put on a grid by connect-the-dots (Doroshenko et al. 2022), which keeps the mass of both
 * distributions in every bin; the composition's window is found by Chernoff bounds, and what may lie outside counts as
 * infinite loss. Removal and addition of a unit are composed each by itself; the larger epsilon is reported. */
#include <math.h>
#include <stdlib.h>

#include "loss.h"
#include "normal.h"

#include "muster/base/mem.h"

/* Below this delta the noise floor of the transform, about 1e-16 sqrt(2^22), is no longer small. */
static const double least_delta = 1e-10;

/* The unsampled events are one Gaussian; the sampled ones stay as they are. Returns how many there are. */
static size_t merge_plain(size_t n, const struct mu_dp_event *events, struct mu_dp_event *merged) {
    double mu2 = 0.0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (mu_dp_event_is_plain(&events[i])) {
            mu2 += mu_dp_event_mu2(&events[i]);
        } else {
            merged[kept++] = events[i];
        }
    }
    if (mu2 > 0.0) {
        merged[kept++] =
            (struct mu_dp_event){.kind = MU_DP_POISSON_GAUSSIAN, .sigma = 1.0 / sqrt(mu2), .q = 1.0, .count = 1};
    }
    return kept;
}

static int epsilon(size_t n, const struct mu_dp_event *events, double delta, struct mu_dp_cost *cost,
                   struct mu_err *err) {
    struct mu_dp_event *merged = mu_alloc(n + 1, sizeof *merged, err);
    if (merged == NULL) {
        return MU_RANK_FAILED;
    }
    const size_t kept = merge_plain(n, events, merged);
    int code = MU_OK;
    if (kept == 1 && merged[0].q == 1.0) {
        cost->epsilon = mu_gaussian_epsilon(1.0 / merged[0].sigma, delta);
    } else if (delta < least_delta) {
        code = mu_fail(err, MU_BAD_CONFIG, "privacy", "accountant pld resolves delta down to %g, got %g", least_delta,
                       delta);
        mu_fail_help(err, "use accountant rdp");
    } else {
        double removed = 0.0;
        double added = 0.0;
        code = mu_loss_epsilon(kept, merged, MU_LOSS_REMOVE, delta, &removed, err);
        code = code == MU_OK ? mu_loss_epsilon(kept, merged, MU_LOSS_ADD, delta, &added, err) : code;
        cost->epsilon = fmax(removed, added);
    }
    mu_free(merged);
    return code;
}

static int check(const struct mu_dp_event *event, struct mu_err *err) {
    if (event->kind == MU_DP_WOR_GAUSSIAN && event->q > 0.0 && event->q < 1.0) {
        mu_fail(err, MU_BAD_CONFIG, "privacy", "accountant pld has no bound for sampling of fixed size");
        return mu_fail_help(err, "use accountant rdp, or Poisson sampling");
    }
    return MU_OK;
}

const struct mu_accountant mu_accountant_pld = {
    .kind = {"pld",
             "privacy loss distributions by FFT: the tightest; not for sampling of fixed size",
             "Koskela et al. 2020; Doroshenko et al. 2022",
             {NULL, 0, NULL}},
    .epsilon = epsilon,
    .check = check,
};
