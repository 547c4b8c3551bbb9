/* The passes of passes.h in float. */
#define REAL float
#define NAME(x) x##_f32
#include "passes_kernels.h"
