/* Multinomial logistic regression. */
#include "model/kind.h"

static int fit(struct mu_model *model, const char *file, struct mu_err *err) {
    if (model->task.kind != MU_CLASSIFICATION) {
        return mu_model_misfit(model, file, "needs class labels", err);
    }
    return mu_dense_fit(model, NULL, MU_RELU, file, err);
}

const struct mu_model_kind mu_model_softmax = {
    .kind = {.name = "softmax", .summary = "multinomial logistic regression; starts at zero", .reference = ""},
    .fit = fit,
    .init = mu_dense_init,
    .space = mu_dense_space,
    .gradient = mu_dense_gradient,
    .score = mu_dense_score,
    .per_row_space = mu_dense_per_row_space,
    .clipped = mu_dense_clipped,
    .difference = mu_dense_difference,
};
