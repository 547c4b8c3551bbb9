/* The dense chain in float32. */
#define REAL float
#define NAME(x) x##_f32
#define GATHER mu_rows_gather_f32
#include "model/dense_kernels.h"

#include "model/dense_rows.h"
