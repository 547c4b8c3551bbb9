/* Full gradients and their differences, private at the level of records: what diff2 and dp_gd share. Every round all
 * clients (the workers) return the sum, over all their rows, of clipped gradients or of clipped gradient differences;
 * the server's direction is
 *
 *     restart:    -v = -sum_p w_p sum_z clip(grad l(x_r, z), C1)                       + noise
 *     otherwise:  -v = -v - sum_p w_p sum_z clip(grad l(x_r, z) - grad l(x_{r-1}, z), C2 D) + noise,  D = |x_r -
 * x_{r-1}|
 *
 * with w_p = p_p / n_p, p_p being the client's share of the objective. Sums are divided once, never batch means.
 * (Murata and Suzuki, ICML 2023, as specs/privacy.md section 1 has it.) */
#ifndef MUSTER_STRATEGY_DIFFERENCE_H
#define MUSTER_STRATEGY_DIFFERENCE_H

#include "muster/config/state.h"
#include "muster/sim/strategy.h"

enum mu_routine { MU_ROUTINE_GD, MU_ROUTINE_BVR };
enum mu_calibration { MU_CALIBRATION_PAPER, MU_CALIBRATION_EXACT };

struct mu_difference {
    /* options */
    int64_t restart;        /* T; 1: never a difference */
    double clip;            /* C1; NAN: privacy.clip, or none */
    double clip_difference; /* C2; NAN: as clip */
    int calibration;        /* enum mu_calibration */
    double budget;          /* u > 1: restarts get 1 / u of the cost */
    /* With BVR-L-SGD, the direction's place is taken by an auxiliary slot that holds v, from which one worker walks. */
    int routine;         /* enum mu_routine */
    int64_t local_steps; /* K */
    int64_t batch_size;  /* b */
    double lr;           /* eta */
    double clip_local;   /* C3; NAN: as clip_difference */
    /* state */
    double z_restart, z_difference; /* noise multipliers: deviation over sensitivity */
    double z_local;                 /* of a local step: deviation over 2 C3 D / b */
    int64_t walking;                /* 1: the round's walk is awaited, 0: gradients are */
    int64_t pending;                /* jobs of the round that have not arrived */
    int64_t attempts;               /* jobs sent again after they were lost */
    struct mu_ints jobs;            /* of the round, by client */
};

#define MU_DIFFERENCE_STATE(type, member)                                                                             \
    {"z_restart", MU_REAL, MU_STATE, offsetof(type, member.z_restart), "", 0, 0, "0", "noise of a full gradient"},    \
        {"z_difference", MU_REAL, MU_STATE, offsetof(type, member.z_difference), "", 0, 0, "0", "of a difference"},   \
        {"z_local", MU_REAL, MU_STATE, offsetof(type, member.z_local), "", 0, 0, "0", "of a local step"},             \
        {"walking", MU_INT, MU_STATE, offsetof(type, member.walking), "", 0, 0, "0", "1: a walk is awaited"},         \
        {"pending", MU_INT, MU_STATE, offsetof(type, member.pending), "jobs", 0, 0, "0", "of the round"},             \
        {"attempts", MU_INT, MU_STATE, offsetof(type, member.attempts), "jobs", 0, 0, "0", "that were sent again"}, { \
        "jobs", MU_INTS, MU_STATE, offsetof(type, member.jobs), "", 0, 0, "[]", "of the round, by client"             \
    }

extern const char *const mu_routines[];     /* "gd", "bvr_l_sgd", NULL */
extern const char *const mu_calibrations[]; /* "paper", "exact", NULL */

/* Options that the run's privacy and clients bound. */
int mu_difference_check(const struct mu_difference *d, const struct mu_strategy_context *context, struct mu_err *err);
int mu_difference_plan(const struct mu_strategy_context *context, struct mu_privacy_plan *plan, struct mu_err *err);

/* Callbacks. */
int mu_difference_start(struct mu_difference *d, struct mu_sim *sim);
int mu_difference_arrival(struct mu_difference *d, struct mu_sim *sim, const struct mu_update *update);
int mu_difference_lost(struct mu_difference *d, struct mu_sim *sim, const struct mu_loss *loss);
int mu_difference_available(struct mu_difference *d, struct mu_sim *sim, uint32_t client);

/* The multipliers for a target (epsilon, delta) over `rounds` rounds: of the paper (one RDP order, fixed in advance),
 * or the least ones at which the accountant finds no more than epsilon; all releases together are one Gaussian, for
 * which gdp is exact. Both split the cost as u says. */
struct mu_accountant;
int mu_difference_calibrate(const struct mu_difference *d, const struct mu_accountant *accountant, int64_t rounds,
                            double epsilon, double delta, double *z1, double *z2, struct mu_err *err);

#endif
