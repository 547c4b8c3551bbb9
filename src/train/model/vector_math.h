/* exp, log, tanh and softplus for inner loops. In float32 they are short polynomials that the compiler vectorises (the
 * library's functions would be called once per number); in float64, which is for checks, they are the library's. */
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

static inline double mu_exp_f64(double x) {
    return exp(x);
}

static inline float mu_log_f32(float x) {
    return logf(x);
}

static inline double mu_log_f64(double x) {
    return log(x);
}

static inline float mu_tanh_f32(float x) {
    return tanhf(x);
}

static inline double mu_tanh_f64(double x) {
    return tanh(x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
static inline float mu_softplus_f32(float x) {
    return (x > 0 ? x : 0 * x) + log1pf(mu_exp_f32(-fabsf(x)));
}

static inline double mu_softplus_f64(double x) {
    return (x > 0 ? x : 0 * x) + log1p(exp(-fabs(x)));
}

#endif
