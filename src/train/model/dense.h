/* A chain of dense layers: softmax and linear have none hidden, mlp has some. The output is a cross-entropy over
 * classes or a squared loss (y - t)^2 / 2. Weights are stored [out][in] with the bias behind them; activations are
 * rows, [n][width]; the output layer's are columns, [classes][n], so that a softmax runs along the batch. */
#ifndef MUSTER_TRAIN_DENSE_H
#define MUSTER_TRAIN_DENSE_H

#include "muster/train/model.h"

enum mu_activation { MU_RELU, MU_TANH, MU_SOFTPLUS };

struct mu_layer {
    size_t in, out;
    size_t weight, bias; /* offsets in the parameter vector */
};

struct mu_dense {
    size_t layers; /* hidden ones + 1 */
    struct mu_layer *layer;
    enum mu_activation activation;
};

/* Scratch for batches; all of the model's type. */
struct mu_dense_space {
    void *block;    /* owns all of it */
    void **act;     /* act[l]: input of layer l, rows x in */
    void *delta[2]; /* rows x the widest hidden layer: loss by the input of a layer, of two layers in turn */
    void *z;        /* classes x rows: output, then loss by output */
    void *row[2];   /* rows: a number per row */
    void *unit;     /* widest layer: a number per unit */
    /* Of mu_workspace_per_row. */
    void *back_block; /* owns what follows */
    void **back;      /* back[l]: loss by the output of layer l before its activation, rows x out */
    void *one;        /* rows: a number per row */
};

/* The parts of struct mu_model_kind that the dense kinds share; `hidden` may be empty. */
int mu_dense_fit(struct mu_model *model, const struct mu_ints *hidden, enum mu_activation activation, const char *file,
                 struct mu_err *err);
void mu_dense_init(const struct mu_model *model, uint64_t seed, double *x);
int mu_dense_space(struct mu_workspace *ws, struct mu_err *err);
double mu_dense_gradient(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                         double alpha, double beta, const void *x, void *out);
struct mu_score mu_dense_score(struct mu_workspace *ws, const struct mu_rows *rows, const void *x);
int mu_dense_per_row_space(struct mu_workspace *ws, struct mu_err *err);
double mu_dense_clipped(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                        double clip, double alpha, double beta, const void *x, void *out, struct mu_clip_count *count);

/* In float64 only; dense_f64.c. */
double mu_dense_difference(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                           const uint32_t *index, double clip, double alpha, double beta, const double *x,
                           const double *x_minus, double *out, struct mu_clip_count *count);

/* The two instances of dense_kernels.h and dense_rows.h. */
double mu_dense_gradient_f32(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                             double alpha, double beta, const float *x, float *out);
double mu_dense_gradient_f64(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                             double alpha, double beta, const double *x, double *out);
double mu_dense_clipped_f32(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                            double clip, double alpha, double beta, const float *x, float *out,
                            struct mu_clip_count *count);
double mu_dense_clipped_f64(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                            double clip, double alpha, double beta, const double *x, double *out,
                            struct mu_clip_count *count);
struct mu_score mu_dense_score_f32(struct mu_workspace *ws, const struct mu_rows *rows, const float *x);
struct mu_score mu_dense_score_f64(struct mu_workspace *ws, const struct mu_rows *rows, const double *x);

#endif
