/* DIFF2 (Murata and Suzuki, ICML 2023), GD routine: gradient differences are short where the model moves little, and so
 * is the noise that hides a row in them; it stays in the running estimate v, which a full gradient restarts every
 * `restart` rounds. */
#include "difference.h"
#include "muster/privacy/privacy.h"

struct diff2 {
    struct mu_difference d;
};

static const struct mu_field fields[] = {
    {"restart", MU_INT, MU_OPTION, offsetof(struct diff2, d.restart), "rounds", 1, 1e9, "20",
     "T, rounds from one full gradient to the next"},
    {"clip", MU_REAL, MU_OPTION, offsetof(struct diff2, d.clip), "", 0, 1e12, "null",
     "C1, the greatest length of a row's gradient; null: privacy.clip, or any without privacy", .open = true},
    {"clip_difference", MU_REAL, MU_OPTION, offsetof(struct diff2, d.clip_difference), "", 0, 1e12, "null",
     "C2, the greatest length of a row's gradient difference over that of the step; null: as clip", .open = true},
    {"budget", MU_REAL, MU_OPTION, offsetof(struct diff2, d.budget), "", 1, 1e6, "1.25",
     "u, full gradients get 1 / u of the privacy cost", .open = true},
    {"calibration", MU_ENUM, MU_OPTION, offsetof(struct diff2, d.calibration), "", 0, 0, "\"exact\"",
     "noise for a target epsilon: the paper's formula, or the least that is enough", mu_calibrations},
    {"routine", MU_ENUM, MU_OPTION, offsetof(struct diff2, d.routine), "", 0, 0, "\"gd\"",
     "a server step along -v; or K local steps of one worker, in turn, corrected by small batches: a reconstruction, "
     "the "
     "paper's text was not at hand. It moves the model by itself: take server.optimizer sgd with lr 1",
     mu_routines},
    {"local_steps", MU_INT, MU_OPTION, offsetof(struct diff2, d.local_steps), "steps", 1, 1e6, "1",
     "bvr_l_sgd: K, of a round"},
    {"batch_size", MU_INT, MU_OPTION, offsetof(struct diff2, d.batch_size), "rows", 1, 1e9, "32",
     "bvr_l_sgd: b, expected rows of a local batch"},
    {"lr", MU_REAL, MU_OPTION, offsetof(struct diff2, d.lr), "", 0, 1e12, "0.1", "bvr_l_sgd: eta", .open = true},
    {"clip_local", MU_REAL, MU_OPTION, offsetof(struct diff2, d.clip_local), "", 0, 1e12, "null",
     "bvr_l_sgd: C3, as clip_difference, of local steps; null: as clip_difference", .open = true},
    MU_DIFFERENCE_STATE(struct diff2, d),
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

const struct mu_strategy mu_strategy_diff2 = {
    .kind = {"diff2",
             "gradient differences with noise that stays in the estimate, restarted now and then",
             "Murata and Suzuki 2023",
             {fields, sizeof(struct diff2), NULL}},
    .auxiliary = 1, /* v, with bvr_l_sgd */
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
