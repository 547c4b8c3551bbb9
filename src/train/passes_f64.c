/* The passes of passes.h in double. */
#define REAL double
#define NAME(x) x##_f64
#include "passes_kernels.h"
