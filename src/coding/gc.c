#include "muster/coding/gc.h"

double mu_gc_load(uint32_t n, uint32_t s) {
    return (s + 1.0) / n;
}
