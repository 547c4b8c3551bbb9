#include "options.h"

const char *const mu_privacy_samplings[] = {"poisson", "fixed", NULL};
const char *const mu_privacy_noises[] = {"central", "per_worker", NULL};

static int refuse(const char *file, const char *pointer, const char *field, const char *text, struct mu_err *err) {
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, field), "%s", text);
}

int mu_privacy_check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_privacy_config *c = values;
    if (isnan(c->epsilon) == isnan(c->noise_multiplier)) {
        return refuse(file, pointer, "epsilon", "give either epsilon or noise_multiplier", err);
    }
    if (c->delta >= 1.0) {
        return refuse(file, pointer, "delta", "delta must be less than 1", err);
    }
    if (c->noise_multiplier > 0.0 && c->noise_multiplier < 0.01) {
        return refuse(file, pointer, "noise_multiplier", "a noise multiplier must be 0 or at least 0.01", err);
    }
    if (c->colluding > 0 && c->noise != MU_NOISE_PER_WORKER) {
        return refuse(file, pointer, "colluding", "only noise per_worker has shares that can be missing", err);
    }
    const bool discrete = c->mechanism.kind != NULL && mu_mechanism_is_exact(&c->mechanism);
    if (discrete && c->tree.kind != MU_TREE_NONE) {
        return refuse(file, pointer, "mechanism", "tree noise is made of doubles: it cannot be exact", err);
    }
    if (discrete && c->adaptive.enabled) {
        return refuse(file, pointer, "mechanism",
                      "the lattice of the exact mechanism is made for one clip: adaptive clipping excludes it", err);
    }
    if (discrete && c->noise_multiplier == 0.0) {
        return refuse(file, pointer, "noise_multiplier", "discrete noise needs a noise multiplier above 0", err);
    }
    if (c->tree.kind != MU_TREE_NONE && c->adaptive.enabled) {
        return refuse(file, pointer, "adaptive", "the tree's privacy is for one clip: adaptive clipping excludes it",
                      err);
    }
    if (c->tree.kind != MU_TREE_NONE && c->noise == MU_NOISE_PER_WORKER) {
        return refuse(file, pointer, "noise", "tree noise is central", err);
    }
    return MU_OK;
}
