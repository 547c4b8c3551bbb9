/* The two halves of Box and Muller's transform as polynomials that the compiler vectorises: the library's functions
 * would be called once per number. */
#ifndef MUSTER_PRIVACY_POLAR_H
#define MUSTER_PRIVACY_POLAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double mu_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t mu_to_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* On [1, 2), in steps of 2^-52. */
static inline double mu_mantissa(uint64_t word) {
    return mu_from_bits(word >> 12 | UINT64_C(0x3ff0000000000000));
}

/* sqrt(-2 log u) for u in (0, 1], within 3 ulp: u = 2^k m with m in [sqrt(1/2), sqrt(2)), and log m = 2 artanh s, s =
 * (m - 1) / (m + 1), by its series up to s^23, whose rest is below 2^-60 for s^2 <= 0.0295. */
static inline double mu_polar_radius(double u) {
    const uint64_t root = UINT64_C(0x3fe6a09e667f3bcd); /* bits of sqrt(1/2) */
    const uint64_t shifted = mu_to_bits(u) + (UINT64_C(0x3ff0000000000000) - root);
    /* The exponent becomes a double as low bits of 2^52; 1023 is its bias. */
    const double k = mu_from_bits(shifted >> 52 | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023.0);
    const double m = mu_from_bits((shifted & UINT64_C(0xfffffffffffff)) + root);
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = 1.0 / 23.0;
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
    /* -log u: ln 2 in two parts (Cephes, log, Moshier 1984). */
    const double minus = -k * 6.93145751953125E-1 - (2.0 * (s + s * z * p) + k * 1.42860682030941723212E-6);
    return sqrt(2.0 * minus);
}

/* The sine and cosine of t quarter turns, t in [0, 4), within 2 ulp: the nearest quarter apart, Taylor's series up to
 * the 15th and 16th power, whose rests are below 2^-54 for angles up to pi / 4. */
static inline void mu_polar_turn(double t, double *cosine, double *sine) {
    const double magic = t + 6755399441055744.0; /* 1.5 * 2^52: its low bits are the nearest quarter */
    const uint64_t quarter = mu_to_bits(magic);
    const double y = (t - (magic - 6755399441055744.0)) * 1.5707963267948966, z = y * y;
    double s = -1.0 / 1307674368000.0, c = 1.0 / 20922789888000.0;
    c = c * z - 1.0 / 87178291200.0;
    s = s * z + 1.0 / 6227020800.0;
    c = c * z + 1.0 / 479001600.0;
    s = s * z - 1.0 / 39916800.0;
    c = c * z - 1.0 / 3628800.0;
    s = s * z + 1.0 / 362880.0;
    c = c * z + 1.0 / 40320.0;
    s = s * z - 1.0 / 5040.0;
    c = c * z - 1.0 / 720.0;
    s = s * z + 1.0 / 120.0;
    c = c * z + 1.0 / 24.0;
    s = s * z - 1.0 / 6.0;
    c = c * z - 0.5;
    s = y + y * z * s;
    c = 1.0 + z * c;
    /* Odd quarters exchange the two; signs follow the quadrant. */
    const uint64_t odd = -(quarter & 1), swap = (mu_to_bits(s) ^ mu_to_bits(c)) & odd;
    *cosine = mu_from_bits(mu_to_bits(c) ^ swap ^ (quarter + 1) << 62 >> 63 << 63);
    *sine = mu_from_bits(mu_to_bits(s) ^ swap ^ quarter << 62 >> 63 << 63);
}

#endif
