/* Record-level privacy: DP-SGD and DP-GD (Abadi et al. 2016). */
#include "options.h"

extern const struct mu_kind mu_privacy_record;

static const struct mu_field fields[] = {
    PRIVACY_OPTIONS("records"),
    PRIVACY_SEED,
    {0},
};

const struct mu_kind mu_privacy_record = {
    "record",
    "each record is protected: gradients are clipped per record before they are summed",
    "Abadi et al. 2016",
    {fields, sizeof(struct mu_privacy_config), mu_privacy_check},
};
