/* Models: a loss and its gradient over batches of rows. One kernel primitive serves all of training:
 *     out = beta * out + alpha * (mean gradient of the batch at x),
 * where out may be x itself, so that plain SGD is one pass (alpha = -lr, beta = 1 - lr l2) and gradients of
 * chunks with coefficients accumulate. Kernels are written once for float32 and float64. */
#ifndef MUSTER_TRAIN_MODEL_H
#define MUSTER_TRAIN_MODEL_H

#include "muster/base/npz.h"
#include "muster/base/rng.h"
#include "muster/config/field.h"
#include "muster/data/rows.h"

/* The config's "model" section. */
struct mu_model_config {
    struct mu_choice kind; /* tag "kind" */
    double l2;             /* the loss gains l2 / 2 |x|^2 */
    int precision;         /* 0 float32, 1 float64 */
};

extern const struct mu_group mu_model_group;
extern const struct mu_registry mu_models;

/* A named part of the parameter vector, as it is written to model.npz. */
struct mu_tensor {
    char name[32];
    size_t axes, shape[2];
    size_t offset; /* in the parameter vector */
};

struct mu_model; /* opaque, immutable after mu_model_new: one per process */

/* Fits a model to a task; "config file: /model/..." errors if it does not fit (softmax on a regression, ...).
 * The config is borrowed until mu_model_free. */
int mu_model_new(struct mu_model **model, const struct mu_model_config *config, const char *file,
                 const struct mu_task *task, struct mu_err *err);
void mu_model_free(struct mu_model *model);

size_t mu_model_dim(const struct mu_model *model);        /* parameters */
enum mu_elem mu_model_elem(const struct mu_model *model); /* MU_F32 or MU_F64: the type it trains in */
const struct mu_task *mu_model_task(const struct mu_model *model);
size_t mu_model_tensors(const struct mu_model *model, const struct mu_tensor **tensor);

/* Initial parameters, dim doubles. */
void mu_model_init(const struct mu_model *model, uint64_t seed, double *x);

/* Scratch memory for batches of up to `rows` rows; one per thread of control. */
struct mu_workspace;
int mu_workspace_new(struct mu_workspace **ws, const struct mu_model *model, size_t rows, struct mu_err *err);
/* The same for kernels in a number type of choice, MU_F32 or MU_F64, not the model's: "of the model's type" below then
 * means this one. `vector` is always MU_F64. */
int mu_workspace_new_as(struct mu_workspace **ws, const struct mu_model *model, enum mu_elem elem, size_t rows,
                        struct mu_err *err);
void mu_workspace_free(struct mu_workspace *ws);
enum mu_elem mu_workspace_elem(const struct mu_workspace *ws);

/* out = beta * out + alpha * gradient, for rows index[0..n) (NULL: 0..n-1) of `rows`, n at most the workspace's rows;
 * the gradient is of the mean loss over the n rows, without the l2 term. x and out are dim numbers of the model's type;
 * out may be x, but must not overlap it otherwise; beta = 0 does not read it. Returns the mean loss at x, without the
 * l2 term. For n = 0 gradient and loss are 0. No allocation. */
double mu_model_gradient(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                         double alpha, double beta, const void *x, void *out);

/* What became of rows looked at one by one; counters are added to. */
struct mu_clip_count {
    uint64_t clipped;   /* longer than the clip */
    uint64_t nonfinite; /* their length is not finite in float64: taken as zero vectors */
};

/* Once before the functions below may be used with this workspace; does nothing the next time. */
int mu_workspace_per_row(struct mu_workspace *ws, struct mu_err *err);

/* out = beta * out + alpha * sum over the rows of g_r * min(1, clip / |g_r|), where g_r is the gradient of row r's loss
 * (all parameters together, without l2). Else as mu_model_gradient, but for: a sum, not a mean, and it returns the sum
 * of the losses. Rows are weighted by norms that come from activations and back-propagated errors; no row's gradient is
 * formed. */
double mu_model_clipped(struct mu_workspace *ws, const struct mu_rows *rows, size_t n, const uint32_t *index,
                        double clip, double alpha, double beta, const void *x, void *out, struct mu_clip_count *count);

/* The same of differences, g_r = gradient at x - gradient at x_minus, in float64 workspaces of the same size; clip may
 * be INFINITY, then norms are not computed and what is not finite enters the sum. Terms that nearly cancel are never
 * subtracted after being multiplied, so the error is one rounding of the two points' activations and errors. out must
 * not be x. Returns the sum of the losses at x. */
double mu_model_difference(struct mu_workspace *ws, struct mu_workspace *other, const struct mu_rows *rows, size_t n,
                           const uint32_t *index, double clip, double alpha, double beta, const double *x,
                           const double *x_minus, double *out, struct mu_clip_count *count);

struct mu_score {
    double loss;      /* sum over rows, without the l2 term */
    uint64_t correct; /* classification */
    uint64_t n;
};

/* Scores rows first..first+n-1 (n at most the workspace's rows) at x. */
struct mu_score mu_model_score(struct mu_workspace *ws, const struct mu_rows *rows, size_t first, size_t n,
                               const void *x);

/* The config's l2. */
double mu_model_l2(const struct mu_model *model);

/* Kernel of the BLAS in use ("SkylakeX", "Cooperlake", "Haswell", ...), its version text, and pinning it to one thread.
 */
const char *mu_blas_kernel(void);
const char *mu_blas_version(void);
void mu_blas_single_thread(void);

#endif
