/* The rule by which training is given up. */
#include <math.h>

#include "muster/sim/sim.h"

static const struct mu_field fields[] = {
    {"evaluations", MU_INT, MU_OPTION, offsetof(struct mu_divergence_config, evaluations), "evaluations", 1, 1e9,
     "null",
     "so many with a train loss above factor times the best, and no new best in between, or one that is not finite; "
     "absent: never"},
    {"factor", MU_REAL, MU_OPTION, offsetof(struct mu_divergence_config, factor), "", 1, 1e9, "1.05",
     "how far above the best train loss an evaluation counts (of a negative best, the same distance above it)"},
    {0},
};
const struct mu_group mu_divergence_group = {fields, sizeof(struct mu_divergence_config), NULL};

bool mu_divergence_look(const struct mu_divergence_config *config, struct mu_divergence *seen, double train_loss) {
    if (config->evaluations == MU_UNSET) {
        return false;
    }
    if (!isfinite(train_loss)) {
        return true;
    }
    if (!(train_loss >= seen->best)) {
        *seen = (struct mu_divergence){.best = train_loss};
        return false;
    }
    seen->worse += train_loss > seen->best + (config->factor - 1) * fabs(seen->best);
    return seen->worse >= (uint64_t)config->evaluations;
}
