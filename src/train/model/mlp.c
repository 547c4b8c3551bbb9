/* Multilayer perceptron, for classes (cross-entropy) or real targets (squared loss). */
#include "model/kind.h"

struct mlp {
    struct mu_ints hidden;
    int activation;
};

static const char *const activations[] = {[MU_RELU] = "relu", [MU_TANH] = "tanh", [MU_SOFTPLUS] = "softplus", NULL};

static const struct mu_field fields[] = {
    {"hidden", MU_INTS, MU_OPTION, offsetof(struct mlp, hidden), "units", 1, 1000000, "[200, 200]",
     "widths of the hidden layers", NULL, false},
    {"activation", MU_ENUM, MU_OPTION, offsetof(struct mlp, activation), "", 0, 0, "\"relu\"", "of the hidden layers",
     activations, false},
    {0},
};

static int fit(struct mu_model *model, const char *file, struct mu_err *err) {
    const struct mlp *const options = model->config->kind.options;
    if (model->task.kind == MU_QUADRATIC) {
        return mu_model_misfit(model, file, "needs class labels or real targets", err);
    }
    return mu_dense_fit(model, &options->hidden, (enum mu_activation)options->activation, file, err);
}

const struct mu_model_kind mu_model_mlp = {
    .kind = {.name = "mlp",
             .summary = "dense layers with relu, tanh or softplus between them",
             .reference = "",
             .group = {.fields = fields, .size = sizeof(struct mlp)}},
    .fit = fit,
    .init = mu_dense_init,
    .space = mu_dense_space,
    .gradient = mu_dense_gradient,
    .score = mu_dense_score,
    .per_row_space = mu_dense_per_row_space,
    .clipped = mu_dense_clipped,
    .difference = mu_dense_difference,
};
