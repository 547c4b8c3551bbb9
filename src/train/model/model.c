/* Models as their users see them: the config section, and calls passed to the kind. */
#include "muster/train/model.h"

#include <assert.h>
#include <math.h>

#include "gemm.h"
#include "model/kind.h"
#include "muster/base/mem.h"
#include "passes.h"

static const char *const precisions[] = {"float32", "float64", NULL};

static const struct mu_field fields[] = {
    {"kind", MU_TAG, MU_OPTION, offsetof(struct mu_model_config, kind), "", 0, 0, NULL, "what is trained", &mu_models,
     false},
    {"l2", MU_REAL, MU_OPTION, offsetof(struct mu_model_config, l2), "", 0, 1e6, "0",
     "the loss gains l2 / 2 times the squared norm of all parameters", NULL, false},
    {"precision", MU_ENUM, MU_OPTION, offsetof(struct mu_model_config, precision), "", 0, 0, "\"float32\"",
     "number type of local training; vector always uses float64", precisions, false},
    {0},
};

const struct mu_group mu_model_group = {.fields = fields, .size = sizeof(struct mu_model_config)};

int mu_model_misfit(const struct mu_model *model, const char *file, const char *needs, struct mu_err *err) {
    static const char *const offers[] = {
        [MU_CLASSIFICATION] = "class labels", [MU_REGRESSION] = "real targets", [MU_QUADRATIC] = "quadratic losses"};
    static const char *const fits[] = {
        [MU_CLASSIFICATION] = "softmax or mlp", [MU_REGRESSION] = "linear or mlp", [MU_QUADRATIC] = "vector"};
    char place[512];
    mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, "/model", "kind"), "%s %s, but the data has %s",
            model->kind->kind.name, needs, offers[model->task.kind]);
    return mu_fail_help(err, "models for this data: %s", fits[model->task.kind]);
}

int mu_model_new(struct mu_model **out, const struct mu_model_config *config, const char *file,
                 const struct mu_task *task, struct mu_err *err) {
    *out = NULL;
    mu_blas_single_thread();
    struct mu_model *const model = mu_alloc(1, sizeof *model, err);
    if (model == NULL) {
        return err->code;
    }
    model->config = config;
    model->kind = (const struct mu_model_kind *)config->kind.kind;
    model->task = *task;
    const int rc = model->kind->fit(model, file, err);
    if (rc != MU_OK) {
        mu_model_free(model);
        return rc;
    }
    *out = model;
    return MU_OK;
}

void mu_model_free(struct mu_model *model) {
    if (model != NULL) {
        mu_free(model->tensor);
        mu_free(model->dense.layer);
        mu_free(model);
    }
}

size_t mu_model_dim(const struct mu_model *model) {
    return model->dim;
}

enum mu_elem mu_model_elem(const struct mu_model *model) {
    return model->elem;
}

const struct mu_task *mu_model_task(const struct mu_model *model) {
    return &model->task;
}

size_t mu_model_tensors(const struct mu_model *model, const struct mu_tensor **tensor) {
    *tensor = model->tensor;
    return model->tensors;
}

double mu_model_l2(const struct mu_model *model) {
    return model->config->l2;
}

void mu_model_init(const struct mu_model *model, uint64_t seed, double *x) {
    model->kind->init(model, seed, x);
}

int mu_workspace_new(struct mu_workspace **out, const struct mu_model *model, size_t rows, struct mu_err *err) {
    return mu_workspace_new_as(out, model, model->elem, rows, err);
}

int mu_workspace_new_as(struct mu_workspace **out, const struct mu_model *model, enum mu_elem elem, size_t rows,
                        struct mu_err *err) {
    *out = NULL;
    struct mu_workspace *const ws = mu_alloc(1, sizeof *ws, err);
    if (ws == NULL) {
        return err->code;
    }
    ws->model = model;
    ws->rows = rows;
    ws->elem = elem;
    ws->tiles = mu_gemm_tiles();
    const int rc = model->kind->space(ws, err);
    if (rc != MU_OK) {
        mu_workspace_free(ws);
        return rc;
    }
    *out = ws;
    return MU_OK;
}

void mu_workspace_free(struct mu_workspace *ws) {
    if (ws != NULL) {
        mu_free(ws->dense.block);
        mu_free(ws->dense.act);
        mu_free(ws->dense.back_block);
        mu_free(ws->dense.back);
        mu_free(ws->scratch);
        mu_free(ws->point);
        mu_free(ws->norm);
        mu_free(ws);
    }
}

enum mu_elem mu_workspace_elem(const struct mu_workspace *ws) {
    return ws->elem;
}

/* out = beta out. */
static void scale(const struct mu_workspace *ws, double beta, void *out) {
    if (ws->elem == MU_F32) {
        mu_pass_scale_f32(ws->model->dim, beta, out);
    } else {
        mu_pass_scale_f64(ws->model->dim, beta, out);
    }
}

double mu_model_gradient(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                         double alpha, double beta, const void *x, void *out) {
    assert(n <= ws->rows);
    if (n == 0) { /* the mean of nothing counts as zero */
        scale(ws, beta, out);
        return 0;
    }
    return ws->model->kind->gradient(ws, rows, n, index, alpha, beta, x, out);
}

int mu_workspace_per_row(struct mu_workspace *ws, struct mu_err *err) {
    const struct mu_model_kind *const kind = ws->model->kind;
    if (ws->norm != NULL) {
        return MU_OK;
    }
    if (kind->per_row_space != NULL) {
        MU_TRY(kind->per_row_space(ws, err));
    }
    ws->norm = mu_alloc(ws->rows, sizeof *ws->norm, err);
    return ws->norm != NULL ? MU_OK : err->code;
}

double mu_clip_weight(double clip, double square, struct mu_clip_count *count) {
    const double norm = sqrt(square);
    if (!isfinite(norm)) {
        count->nonfinite++;
        return 0;
    }
    if (norm <= clip) {
        return 1;
    }
    count->clipped++;
    return clip / norm;
}

double mu_model_clipped(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                        double clip, double alpha, double beta, const void *x, void *out, struct mu_clip_count *count) {
    assert(n <= ws->rows && ws->norm != NULL && clip >= 0);
    if (n == 0) {
        scale(ws, beta, out);
        return 0;
    }
    return ws->model->kind->clipped(ws, rows, n, index, clip, alpha, beta, x, out, count);
}

double mu_model_difference(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                           const uint32_t *index, double clip, double alpha, double beta, const double *x,
                           const double *x_minus, double *out, struct mu_clip_count *count) {
    assert(n <= ws->rows && n <= other->rows && ws->norm != NULL && other->norm != NULL && clip >= 0);
    assert(ws->elem == MU_F64 && other->elem == MU_F64);
    if (n == 0) {
        scale(ws, beta, out);
        return 0;
    }
    return ws->model->kind->difference(ws, other, rows, n, index, clip, alpha, beta, x, x_minus, out, count);
}

struct mu_score mu_model_score(struct mu_workspace *ws, const struct mu_rows *rows, size_t first, size_t n,
                               const void *x) {
    assert(n <= ws->rows && first + n <= rows->n);
    if (n == 0) {
        return (struct mu_score){0};
    }
    const struct mu_rows part = mu_rows_part(rows, first, n);
    return ws->model->kind->score(ws, &part, x);
}
