/* Exact weighted sums in fixed point: the same bits whatever the order and grouping of the terms.
 *
 * A term is the double w * x. Each adder rounds term * 2^shift to the nearest integer (ties to even) and adds
 * it into int64; integer addition is associative, so neither the number of ranks nor the reduction tree can
 * change a bit. With sum |w_k| max|x_k| <= bound and shift = mu_exact_shift(bound) no partial sum can
 * overflow, and n terms are off by at most n 2^-(shift+1) altogether, beside the rounding of each product to double
 * and one rounding when the sum is read. */
#ifndef MUSTER_BASE_EXACT_H
#define MUSTER_BASE_EXACT_H

#include <stddef.h>
#include <stdint.h>

/* The largest shift with 2^shift * bound < 2^62, for a finite bound >= 0; it is limited to -1000..1000, so that 2^shift
 * and its inverse are normal doubles. bound = 0 gives 0. The factor of two to spare below 2^63 covers the
 * rounding of up to 1e9 terms. */
int mu_exact_shift(double bound);

/* acc[i] += rint(weight * x[i] * 2^shift), where |weight * x[i]| is within the bound that gave the shift. A term that
 * is not finite adds a meaningless number: look at mu_max_abs first. acc and x must not overlap. Terms beyond the range
 * of double on the way (a weight of 1e300, an x of 1e-300) are right as long as weight * x[i] is. */
void mu_exact_add_f32(int64_t *restrict acc, size_t n, double weight, int shift, const float *restrict x);
void mu_exact_add_f64(int64_t *restrict acc, size_t n, double weight, int shift, const double *restrict x);

/* out[i] = acc[i] * 2^-shift, rounded once. */
void mu_exact_read(double *restrict out, size_t n, int shift, const int64_t *restrict acc);

/* The largest |x[i]|, 0 for n = 0, and +infinity if any x[i] is infinite or NaN. */
double mu_max_abs_f32(size_t n, const float *x);
double mu_max_abs_f64(size_t n, const double *x);

#endif
