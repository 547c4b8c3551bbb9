/* Record-level privacy: DP-SGD and DP-GD (Abadi et al. 2016). */
#include "options.h"

extern const struct mu_kind mu_privacy_record;

/* Noise inside local training is made of doubles. */
static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_privacy_config *c = values;
    MU_TRY(mu_privacy_check(values, file, pointer, err));
    if (mu_mechanism_is_exact(&c->mechanism)) {
        char place[512];
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "mechanism"),
                       "exact noise is for sums of clients' updates: records have kind gaussian");
    }
    return MU_OK;
}

static const struct mu_field fields[] = {
    PRIVACY_OPTIONS("records"),
    PRIVACY_SEED,
    {0},
};

const struct mu_kind mu_privacy_record = {
    "record",
    "each record is protected: gradients are clipped per record before they are summed",
    "Abadi et al. 2016",
    {fields, sizeof(struct mu_privacy_config), check},
};
