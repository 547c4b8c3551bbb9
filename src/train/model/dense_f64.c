/* The dense chain in float64. */
#define REAL double
#define NAME(x) x##_f64
#define GATHER mu_rows_gather_f64
#include "model/dense_kernels.h"

#include "model/dense_rows.h"

#include "model/dense_difference.h"
