/* Full gradients of clipped rows with fresh noise in each round: DP-GD, which is diff2 with restart 1, to the bit. */
#include "difference.h"
#include "muster/privacy/privacy.h"

struct dp_gd {
    struct mu_difference d;
};

static const struct mu_field fields[] = {
    {"clip", MU_REAL, MU_OPTION, offsetof(struct dp_gd, d.clip), "", 0, 1e12, "null",
     "C1, the greatest length of a row's gradient; null: privacy.clip, or any without privacy", .open = true},
    {"calibration", MU_ENUM, MU_OPTION, offsetof(struct dp_gd, d.calibration), "", 0, 0, "\"exact\"",
     "noise for a target epsilon: the paper's formula, or the least that is enough", mu_calibrations},
    {"restart", MU_INT, MU_STATE, offsetof(struct dp_gd, d.restart), "rounds", 0, 0, "1", "never a difference"},
    {"budget", MU_REAL, MU_STATE, offsetof(struct dp_gd, d.budget), "", 0, 0, "1.25", "of no consequence"},
    {"clip_difference", MU_REAL, MU_STATE, offsetof(struct dp_gd, d.clip_difference), "", 0, 0, "null", "not used"},
    MU_DIFFERENCE_STATE(struct dp_gd, d),
    {0},
};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_difference_check(state, context, err);
}

static int plan(const void *options, const struct mu_strategy_context *context, struct mu_privacy_plan *out,
                struct mu_err *err) {
    (void)options;
    return mu_difference_plan(context, out, err);
}

static int start(void *state, struct mu_sim *sim) {
    return mu_difference_start(state, sim);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    return mu_difference_arrival(state, sim, update);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    return mu_difference_lost(state, sim, loss);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    return mu_difference_available(state, sim, client);
}

const struct mu_strategy mu_strategy_dp_gd = {
    .kind = {"dp_gd",
             "full gradients of clipped rows, with fresh noise in each round",
             "Song, Chaudhuri and Sarwate 2013",
             {fields, sizeof(struct dp_gd), NULL}},
    .gradients = true,
    .differences = true,
    .own_noise = true,
    .plan = plan,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
