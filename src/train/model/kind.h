/* What a kind of model provides, and the model itself. One kind = one file in this folder + one row of registry.c. */
#ifndef MUSTER_TRAIN_MODEL_KIND_H
#define MUSTER_TRAIN_MODEL_KIND_H

#include "model/dense.h"
#include "muster/train/model.h"

struct mu_model {
    const struct mu_model_config *config; /* borrowed */
    const struct mu_model_kind *kind;
    struct mu_task task;
    enum mu_elem elem;
    size_t dim, tensors;
    struct mu_tensor *tensor; /* owned */
    struct mu_dense dense;    /* zero for `vector` */
};

struct mu_workspace {
    const struct mu_model *model; /* borrowed */
    size_t rows;                  /* largest batch */
    enum mu_elem elem;            /* of the kernels */
    bool tiles;                   /* mu_gemm_tiles */
    struct mu_dense_space dense;
    double *scratch; /* `vector`: features numbers */
    double *point;   /* `vector`, for mu_workspace_per_row: as many */
    double *norm;    /* mu_workspace_per_row: a number per row, the squared norm and then the weight */
};

struct mu_model_kind {
    struct mu_kind kind;
    /* Fits to model->task, sets elem, dim and tensors. What it allocates hangs on the model, which is zeroed before and
     * released by mu_model_free, also after a failure. */
    int (*fit)(struct mu_model *model, const char *file, struct mu_err *err);
    void (*init)(const struct mu_model *model, uint64_t seed, double *x);
    int (*space)(struct mu_workspace *ws, struct mu_err *err);
    /* More of it for the last two functions; may be NULL, which nothing else may. */
    int (*per_row_space)(struct mu_workspace *ws, struct mu_err *err);
    /* n >= 1; see mu_model_gradient and mu_model_score. */
    double (*gradient)(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                       double alpha, double beta, const void *x, void *out);
    struct mu_score (*score)(struct mu_workspace *ws, const struct mu_rows *rows, const void *x);
    /* n >= 1; see mu_model_clipped and mu_model_difference. */
    double (*clipped)(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index, double clip,
                      double alpha, double beta, const void *x, void *out, struct mu_clip_count *count);
    double (*difference)(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                         const uint32_t *index, double clip, double alpha, double beta, const double *x,
                         const double *x_minus, double *out, struct mu_clip_count *count);
};

/* The factor min(1, clip / norm) of a vector with this squared norm; 0 and counted if that is not finite. */
double mu_clip_weight(double clip, double square, struct mu_clip_count *count);

/* MU_BAD_CONFIG at /model/kind: this kind needs another task. `needs` ends the sentence: "needs labels". */
int mu_model_misfit(const struct mu_model *model, const char *file, const char *needs, struct mu_err *err);

#endif
