/* OpenBLAS's own calls: which kernel it picked for this machine, and its threads. */
#include <cblas.h>

#include "muster/train/model.h"

const char *mu_blas_kernel(void) {
    return openblas_get_corename();
}

const char *mu_blas_version(void) {
    return openblas_get_config();
}

void mu_blas_single_thread(void) {
    openblas_set_num_threads(1);
}
