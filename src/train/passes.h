/* Elementwise passes over parameter vectors, in both number types (passes_kernels.h). */
#ifndef MUSTER_TRAIN_PASSES_H
#define MUSTER_TRAIN_PASSES_H

#include <stddef.h>

struct mu_norms {
    double max_abs; /* infinity if anything is not finite */
    double norm;
};

/* y = beta y; beta = 0 does not read y. */
void mu_pass_scale_f32(size_t n, double beta, float *y);
void mu_pass_scale_f64(size_t n, double beta, double *y);

/* g += l2 y + mu (y - start) + drift; drift may be NULL. */
void mu_pass_regularise_f32(size_t n, double l2, double mu, const float *y, const float *start, const float *drift,
                            float *restrict g);
void mu_pass_regularise_f64(size_t n, double l2, double mu, const double *y, const double *start, const double *drift,
                            double *restrict g);

/* y -= start, and the norms of the result. */
struct mu_norms mu_pass_subtract_f32(size_t n, const float *restrict start, float *restrict y);
struct mu_norms mu_pass_subtract_f64(size_t n, const double *restrict start, double *restrict y);

#endif
