/* Client-level privacy: DP-FedAvg (McMahan et al. 2018), adaptive clipping (Andrew et al. 2021), DP-FTRL (Kairouz et
 * al. 2021). */
#include "options.h"

extern const struct mu_kind mu_privacy_client;

#define ADAPTIVE(member) MU_OPTION, offsetof(struct mu_adaptive_config, member)
static const struct mu_field adaptive_fields[] = {
    {"enabled", MU_BOOL, ADAPTIVE(enabled), "", 0, 0, "false", "let the clip follow a quantile of the updates' norms"},
    {"target_quantile", MU_REAL, ADAPTIVE(target_quantile), "", 0, 1, "0.5",
     "part of the updates that shall not be clipped"},
    {"learning_rate", MU_REAL, ADAPTIVE(learning_rate), "", 0, 10, "0.2",
     "how fast: the clip is multiplied by exp(-learning_rate (unclipped part - target_quantile))", NULL, true},
    {"sigma_b", MU_REAL, ADAPTIVE(sigma_b), "", 0, 1e9, "null",
     "standard deviation of the noise on the number of unclipped updates; absent: 0.05 times the expected cohort", NULL,
     true},
    {0},
};
static const struct mu_group adaptive_group = {adaptive_fields, sizeof(struct mu_adaptive_config), NULL};

static const char *const trees[] = {"none", "binary", "honaker", NULL};
#define TREE(member) MU_OPTION, offsetof(struct mu_tree_config, member)
static const struct mu_field tree_fields[] = {
    {"kind", MU_ENUM, TREE(kind), "", 0, 0, "\"none\"",
     "noise that is correlated over steps, so that the noise in the model grows with the logarithm of the steps; no "
     "credit for sampling, and each client at most once in a tree",
     trees},
    {"restart_steps", MU_INT, TREE(restart_steps), "server steps", 1, 1e12, "null",
     "a new tree after so many steps; absent: one tree"},
    {0},
};
static const struct mu_group tree_group = {tree_fields, sizeof(struct mu_tree_config), NULL};

static const struct mu_field fields[] = {
    PRIVACY_OPTIONS("clients"),
    {"participations", MU_INT, OPTION(participations), "", 1, 1e12, "null",
     "without sampling by cohorts (fedbuff): the most updates of one client that may be used; absent: one per step"},
    {"adaptive", MU_GROUP, OPTION(adaptive), "", 0, 0, "{}", "adaptive clipping; `clip` is then the first clip",
     &adaptive_group},
    {"tree", MU_GROUP, OPTION(tree), "", 0, 0, "{}", "tree aggregation (DP-FTRL)", &tree_group},
    PRIVACY_SEED,
    {0},
};

const struct mu_kind mu_privacy_client = {
    "client",
    "each client is protected: updates are clipped as a whole and averaged without weights",
    "McMahan et al. 2018; Andrew et al. 2021; Kairouz et al. 2021",
    {fields, sizeof(struct mu_privacy_config), mu_privacy_check},
};
