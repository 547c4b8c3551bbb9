/* exp, log, tanh and softplus for inner loops. exp and softplus, and tanh in float32, are polynomials that the compiler
 * vectorises (the library's functions would be called once per number); the others are the library's. */
#ifndef MUSTER_TRAIN_VECTOR_MATH_H
#define MUSTER_TRAIN_VECTOR_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Within 2 ulp for -87.3 <= x <= 88; below, 2^-126 instead of less; above, about e^88. NaN stays NaN. Range reduction
 * and polynomial: Cephes, expf (Moshier 1992). */
static inline float mu_exp_f32(float x) {
    x = x < -87.33654F ? -87.33654F : x;
    x = x > 88.0F ? 88.0F : x;
    const float shifted = x * 1.44269504F + 12582912.0F; /* 1.5 * 2^23: its low bits are round(x / ln 2) */
    const float n = shifted - 12582912.0F;
    const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = (p * r) * r + r + 1.0F;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000U; /* 2^n */
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* Within 2 ulp for -708 <= x <= 709; below, about e^-708 instead of less; above, about e^709. NaN stays NaN. The same
 * reduction (ln 2 in two parts: Cephes, exp, Moshier 1984) and Taylor's series to r^13 / 13!, whose rest is below 2^-57
 * for |r| <= ln 2 / 2. */
static inline double mu_exp_f64(double x) {
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    const double shifted = x * 1.4426950408889634 + 6755399441055744.0; /* 1.5 * 2^52 */
    const double n = shifted - 6755399441055744.0;
    const double r = (x - n * 6.93145751953125E-1) - n * 1.42860682030941723212E-6;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = (p * r) * r + r + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 52) + 0x3ff0000000000000U; /* 2^n */
    double power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static inline float mu_log_f32(float x) {
    return logf(x);
}

static inline double mu_log_f64(double x) {
    return log(x);
}

/* Below 5/8 Cephes' polynomial (Moshier 1992, tanhf), above 1 - 2 / (e^2|x| + 1); both are computed and one is taken,
 * so that the compiler can do many at once. */
static inline float mu_tanh_f32(float x) {
    const float size = fabsf(x), z = x * x;
    float p = -5.70498872745e-3F;
    p = p * z + 2.06390887954e-2F;
    p = p * z - 5.37397155531e-2F;
    p = p * z + 1.33314422036e-1F;
    p = p * z - 3.33332819422e-1F;
    const float small = p * z * x + x;
    const float large = copysignf(1.0F - 2.0F / (mu_exp_f32(2.0F * size) + 1.0F), x);
    return size >= 0.625F ? large : small;
}

static inline double mu_tanh_f64(double x) {
    return tanh(x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + u) with u = e^-|x|, and log(1 + u) = 2 artanh(u / (2 + u)) by its series, whose
 * argument is at most 1/3. */
static inline float mu_softplus_f32(float x) {
    const float u = mu_exp_f32(-fabsf(x)), s = u / (2.0F + u), z = s * s;
    float p = 1.0F / 15.0F;
    p = p * z + 1.0F / 13.0F;
    p = p * z + 1.0F / 11.0F;
    p = p * z + 1.0F / 9.0F;
    p = p * z + 1.0F / 7.0F;
    p = p * z + 1.0F / 5.0F;
    p = p * z + 1.0F / 3.0F;
    return (x < 0 ? 0 : x) + 2.0F * (s + s * z * p);
}

/* The same with more terms: (1/9)^17 / 35 is below 2^-58. */
static inline double mu_softplus_f64(double x) {
    const double u = mu_exp_f64(-fabs(x)), s = u / (2.0 + u), z = s * s;
    double p = 1.0 / 33.0;
    p = p * z + 1.0 / 31.0;
    p = p * z + 1.0 / 29.0;
    p = p * z + 1.0 / 27.0;
    p = p * z + 1.0 / 25.0;
    p = p * z + 1.0 / 23.0;
    p = p * z + 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    return (x < 0 ? 0 : x) + 2.0 * (s + s * z * p);
}

#endif
