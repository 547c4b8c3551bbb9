/* The config section "privacy" and what a run needs of it: the calibrated noise, the ledger of what has been spent,
 * clipping, adaptive clipping, and tree noise. Nothing here knows the engine: it says how much noise, and draws it.
 *
 *     struct mu_choice privacy;             parsed from {"kind": "record", "epsilon": 3, "clip": 1, ...}
 *     mu_privacy_prepare(&privacy, &plan, &p, err)      sigma, before the first step
 *     mu_ledger_init(&ledger, &p)                       then, for each release:
 *     scale = mu_clip_factor(norm, p.clip)              each contribution
 *     mu_noise_gaussian(&key, &place, p.sigma * p.sensitivity * p.clip, first, n, sum)
 *     mu_privacy_event(&p, 1) -> mu_ledger_charge       once per release, on rank 0
 *     mu_ledger_cost(&ledger, ...)                      for metrics */
#ifndef MUSTER_PRIVACY_PRIVACY_H
#define MUSTER_PRIVACY_PRIVACY_H

#include "muster/privacy/account.h"
#include "muster/privacy/noise.h"

extern const struct mu_registry mu_privacies;  /* none, record, client */
extern const struct mu_registry mu_mechanisms; /* gaussian, discrete_gaussian */

/* One row of mu_mechanisms. */
struct mu_mechanism {
    struct mu_kind kind;
    bool exact; /* integers on a lattice (mu_lattice_init, mu_noise_discrete); otherwise mu_noise_gaussian */
};
bool mu_mechanism_is_exact(const struct mu_choice *mechanism);

/* For use as a row of the scenario's table:
 * {"privacy", MU_CHOICE, MU_OPTION, offsetof(struct mu_scenario, privacy), "", 0, 0, "{\"kind\": \"none\"}",
 *  "what is protected, and how", &mu_privacies} */

enum mu_noise_where { MU_NOISE_CENTRAL, MU_NOISE_PER_WORKER };
enum mu_tree_kind { MU_TREE_NONE, MU_TREE_BINARY, MU_TREE_HONAKER };

struct mu_adaptive_config {
    bool enabled;
    double target_quantile; /* gamma */
    double learning_rate;   /* eta_C */
    double sigma_b;         /* noise on the count of unclipped updates; NAN: 0.05 times the expected cohort */
};

struct mu_tree_config {
    int kind;              /* enum mu_tree_kind */
    int64_t restart_steps; /* a new tree after so many steps; MU_UNSET: never */
};

/* Options of both kinds that protect. */
struct mu_privacy_config {
    double epsilon; /* NAN: absent */
    double delta;
    double noise_multiplier;     /* NAN: absent; exactly one of the two is given */
    double clip;                 /* l2 norm of one contribution; with adaptive clipping the first one */
    struct mu_choice accountant; /* of mu_accountants */
    struct mu_choice mechanism;  /* of mu_mechanisms */
    int sampling;                /* what the accounting assumes: enum mu_dp_sampling minus 1 (poisson, fixed) */
    int noise;                   /* enum mu_noise_where */
    int64_t colluding;           /* per_worker: workers whose shares may be missing or known */
    int64_t participations; /* client, without sampling: the most a client may take part; MU_UNSET: planned steps */
    struct mu_adaptive_config adaptive; /* client only */
    struct mu_tree_config tree;         /* client only */
    int64_t insecure_noise_seed;        /* MU_UNSET: key from the operating system */
};

/* NULL for {"kind": "none"} and an absent choice. */
const struct mu_privacy_config *mu_privacy_config(const struct mu_choice *privacy);
/* How the key of the noise comes about, for whatever a run prints: "secret", or "insecure_noise_seed", with which there
 * is no privacy at all; NULL without privacy. */
const char *mu_privacy_noise_key(const struct mu_choice *privacy);

/* What the run is going to do, from the strategy and its data. */
struct mu_privacy_plan {
    enum mu_dp_sampling sampling; /* what really happens: who contributes to one release */
    double q;                     /* 1 without sampling */
    int64_t steps;                /* releases planned */
    double cohort;                /* expected contributions to one release; > 0 */
    int64_t workers;              /* with noise per_worker: those who add shares; else 1 */
    const char *file, *pointer;   /* for errors */
};

/* A prepared mechanism. Plain data; `config` is borrowed. */
struct mu_privacy {
    const struct mu_privacy_config *config; /* NULL: no privacy, and nothing else is set */
    const struct mu_accountant *accountant;
    enum mu_dp_unit unit;
    enum mu_dp_adjacency adjacency;
    enum mu_dp_sampling sampling;
    double sensitivity; /* of a sum, in contributions: 1, or 2 if one is replaced */
    double sigma;       /* noise multiplier that is accounted */
    double sigma_sum;   /* noise multiplier of the sum: sigma, or z_Delta of adaptive clipping, which is more */
    double sigma_b;     /* std of the noise on the count; NAN without adaptive clipping */
    double clip;        /* the first clip */
    double q;
    int64_t steps;             /* planned */
    double cohort;             /* expected, the public denominator */
    struct mu_dp_cost planned; /* of the whole plan */
    struct mu_dp_cost
        per_worker; /* with shares: against someone who sees one worker's message; epsilon NAN otherwise */
    double share;   /* with shares: std of each worker's share over that of the central noise */
    bool exact;     /* discrete noise on a lattice */
    bool secret;    /* the noise key is from the operating system */
};

/* Rules that span the section and the plan: sampling that differs from the one accounted for, a multiplier too small
 * for sigma_b, trees with sampling, ... are MU_BAD_CONFIG at the option's pointer. Calibrates if epsilon is given. */
int mu_privacy_prepare(const struct mu_choice *choice, const struct mu_privacy_plan *plan, struct mu_privacy *privacy,
                       struct mu_err *err);

/* The key of the noise: drawn, or from insecure_noise_seed. Rank 0 calls it once. */
int mu_privacy_key(const struct mu_privacy *privacy, struct mu_noise_key *key, struct mu_err *err);

/* The event that `count` releases of this mechanism are. For a tree count is the number of whole trees (epochs between
 * restarts); see mu_ledger_raise. */
struct mu_dp_event mu_privacy_event(const struct mu_privacy *privacy, int64_t count);
/* The same release to somebody who sees one worker's message, with that worker's share of the noise alone. */
struct mu_dp_event mu_privacy_share_event(const struct mu_privacy *privacy, const struct mu_dp_event *event);

/* What has been spent: a list of events, equal ones counted together. All of it is STATE rows of mu_ledger_group, so
 * mu_state_save and mu_state_load keep it in a checkpoint. Zero-initialised it is empty; release with mu_group_clear.
 */
struct mu_ledger {
    struct mu_reals events; /* MU_LEDGER_FIELDS numbers for each */
};
enum { MU_LEDGER_FIELDS = 7 };
extern const struct mu_group mu_ledger_group;

/* Adds event->count; refuses an event that cannot be composed with those that are there. */
int mu_ledger_charge(struct mu_ledger *ledger, const struct mu_dp_event *event, struct mu_err *err);
/* Makes the count of such an event at least event->count: for the most participations of any client so far. A tree's
 * steps are raised too, if it is the last one charged. */
int mu_ledger_raise(struct mu_ledger *ledger, const struct mu_dp_event *event, struct mu_err *err);
/* An empty ledger costs 0. */
int mu_ledger_cost(const struct mu_ledger *ledger, const struct mu_privacy *privacy, struct mu_dp_cost *cost,
                   struct mu_err *err);

/* What to multiply a contribution of that l2 norm with so that its norm is at most clip, rounding included: 1 if it is
 * already, 0 if the norm is not finite (the contribution must then be zeroed, not multiplied). clip 0 gives 0. */
double mu_clip_factor(double norm, double clip);

/* Adaptive clipping (Andrew et al. 2021, geometric update). z_Delta = (z^-2 - (2 sigma_b)^-2)^-1/2; NAN if z >= 2
 * sigma_b. */
double mu_adaptive_sigma(double z, double sigma_b);
/* The next clip from the noisy sum of b_i = [norm_i <= clip] - 1/2 over the contributions. */
double mu_adaptive_clip(const struct mu_adaptive_config *config, double clip, double noisy_sum, double cohort);

/* Tree noise of DP-FTRL (Kairouz et al. 2021): N_t for t = 1, 2, ... of a vector of dim numbers. */
struct mu_tree;
int mu_tree_new(struct mu_tree **tree, enum mu_tree_kind kind, const struct mu_noise_key *key, uint32_t slot,
                double std, size_t dim, int64_t restart_steps, struct mu_err *err);
void mu_tree_free(struct mu_tree *tree);
/* x[i] += N_t - N_(t-1) for the next t, which is what a server without memory adds to this step's sum; at a restart the
 * old tree's noise stays in the model and the new one begins at 0. */
int mu_tree_add(struct mu_tree *tree, double *x, struct mu_err *err);
/* The steps taken, and going back to a step of a resumed run: 0 begins anew. */
int64_t mu_tree_steps(const struct mu_tree *tree);
int mu_tree_seek(struct mu_tree *tree, int64_t steps, struct mu_err *err);
/* Variance of N_t over std^2. */
double mu_tree_variance(enum mu_tree_kind kind, int64_t t);

#endif
