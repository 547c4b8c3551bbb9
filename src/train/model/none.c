/* Nothing is trained: a run is then its events alone, for studying schedules, stragglers and traffic by themselves, and
 * for measuring the engine. The parameter vector is empty. */
#include "model/kind.h"
#include "muster/base/mem.h"

static int fit(struct mu_model *model, const char *file, struct mu_err *err) {
    (void)file;
    model->elem = MU_F32;
    model->dim = 0;
    if ((model->tensor = mu_alloc(1, sizeof *model->tensor, err)) == NULL) {
        return err->code;
    }
    model->tensors = 1;
    model->tensor[0] = (struct mu_tensor){.name = "none", .axes = 1, .shape = {0}};
    return MU_OK;
}

static void init(const struct mu_model *model, uint64_t seed, double *x) {
    (void)model, (void)seed, (void)x;
}

static int space(struct mu_workspace *ws, struct mu_err *err) {
    (void)ws, (void)err;
    return MU_OK;
}

static double gradient(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                       double alpha, double beta, const void *x, void *out) {
    (void)ws, (void)rows, (void)n, (void)index, (void)alpha, (void)beta, (void)x, (void)out;
    return 0;
}

static struct mu_score score(struct mu_workspace *ws, const struct mu_rows *rows, const void *x) {
    (void)ws, (void)x;
    return (struct mu_score){.n = rows->n};
}

static double clipped(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index, double clip,
                      double alpha, double beta, const void *x, void *out, struct mu_clip_count *count) {
    (void)clip, (void)count;
    return gradient(ws, rows, n, index, alpha, beta, x, out);
}

static double difference(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                         const uint32_t *index, double clip, double alpha, double beta, const double *x,
                         const double *x_minus, double *out, struct mu_clip_count *count) {
    (void)other, (void)clip, (void)x_minus, (void)count;
    return gradient(ws, rows, n, index, alpha, beta, x, out);
}

const struct mu_model_kind mu_model_none = {
    .kind = {.name = "none", .summary = "nothing is trained: the run is its events alone", .reference = ""},
    .fit = fit,
    .init = init,
    .space = space,
    .gradient = gradient,
    .score = score,
    .clipped = clipped,
    .difference = difference,
};
