/* Control variates of SCAFFOLD on a worker. */
#include "worker_impl.h"

#include <string.h>

#define KERNELS(T)                                                                              \
    static void drift_##T(size_t n, const T *c, const T *own, T *restrict out) {                \
        for (size_t i = 0; i < n; i++) {                                                        \
            out[i] = c[i] - own[i];                                                             \
        }                                                                                       \
    }                                                                                           \
    static void change_##T(size_t n, const T *c, const T *update, T inverse, T *restrict out) { \
        for (size_t i = 0; i < n; i++) {                                                        \
            out[i] = -c[i] - update[i] * inverse;                                               \
        }                                                                                       \
    }                                                                                           \
    static void commit_##T(size_t n, T *restrict own, const T *restrict change) {               \
        for (size_t i = 0; i < n; i++) {                                                        \
            own[i] += change[i];                                                                \
        }                                                                                       \
    }
KERNELS(float)
KERNELS(double)

void mu_control_drift(enum mu_elem elem, size_t n, const void *c, const void *own, void *restrict out) {
    if (own == NULL) {
        memcpy(out, c, n * mu_elem_bytes(elem));
    } else if (elem == MU_F32) {
        drift_float(n, c, own, out);
    } else {
        drift_double(n, c, own, out);
    }
}

void mu_control_change(enum mu_elem elem, size_t n, const void *c, const void *update, uint64_t steps, double lr,
                       void *restrict out) {
    if (steps == 0) {
        memset(out, 0, n * mu_elem_bytes(elem));
    } else if (elem == MU_F32) {
        change_float(n, c, update, (float)(1 / ((double)steps * lr)), out);
    } else {
        change_double(n, c, update, 1 / ((double)steps * lr), out);
    }
}

void mu_control_commit(enum mu_elem elem, size_t n, void *restrict own, const void *restrict change) {
    if (elem == MU_F32) {
        commit_float(n, own, change);
    } else {
        commit_double(n, own, change);
    }
}
