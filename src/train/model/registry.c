/* The list of models. A new one is its file and its row here. */
#include "model/kind.h"

#define ROWS(X) X(softmax) X(linear) X(mlp) X(vector) X(none)

#define DECLARE(name) extern const struct mu_model_kind mu_model_##name;
ROWS(DECLARE)

#define ROW(name) &mu_model_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(ROW)};

const struct mu_registry mu_models = {
    .what = "model", .plural = "models", .rows = rows, .n = sizeof rows / sizeof *rows};
