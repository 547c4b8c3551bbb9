/* Seconds to integer nanoseconds. */
#ifndef MUSTER_SRC_WORLD_NS_H
#define MUSTER_SRC_WORLD_NS_H

#include <math.h>

#include "muster/world/world.h"

/* The longest representable duration; MU_NEVER itself is kept for "does not happen". */
#define MU_LONGEST (MU_NEVER - 1)

/* Rounded to the nearest ns; anything positive is at least 1 ns, so that time moves on, and what does not fit
 * saturates. Not positive (and NaN) is 0. */
static inline uint64_t ns_from_seconds(double seconds) {
    if (!(seconds > 0.0)) {
        return 0;
    }
    const double ns = nearbyint(seconds * 1e9);
    if (ns < 1.0) {
        return 1;
    }
    return ns >= 0x1p64 ? MU_LONGEST : (uint64_t)ns;
}

/* The same for a quantity that is positive by law, though its double may have underflowed. */
static inline uint64_t ns_positive(double seconds) {
    const uint64_t ns = ns_from_seconds(seconds);
    return ns > 0 ? ns : 1;
}

static inline uint64_t add_ns(uint64_t a, uint64_t b) {
    return a > MU_LONGEST - b ? MU_LONGEST : a + b;
}

#endif
