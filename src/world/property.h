/* The fixed properties of a client: ordinals of MU_STREAM_POPULATION. The values are part of every result: append,
 * never renumber. */
#ifndef MUSTER_SRC_WORLD_PROPERTY_H
#define MUSTER_SRC_WORLD_PROPERTY_H

#include "muster/world/distribution.h"

enum mu_property {
    MU_PROPERTY_DURATION = 1,
    MU_PROPERTY_SECONDS_PER_SAMPLE = 2,
    MU_PROPERTY_SPEED = 3,
    MU_PROPERTY_DOWN = 4,
    MU_PROPERTY_UP = 5,
    MU_PROPERTY_LATENCY = 6,
    MU_PROPERTY_DROPOUT = 7,
    MU_PROPERTY_STRAGGLER = 8, /* which clients straggle, and shuffled laws of what it costs */
    MU_PROPERTY_JITTER = 9,
    MU_PROPERTY_ON = 10,
    MU_PROPERTY_OFF = 11,
    MU_PROPERTY_PHASE = 12,
    MU_PROPERTY_DUTY = 13,
    MU_PROPERTY_START = 14, /* available or not when the run starts */
};

/* The scope of one option of `scope`'s object; `pointer` holds its JSON pointer for as long as `inner` is used. */
void mu_scope_enter(struct mu_law_scope *inner, char pointer[static 512], const struct mu_law_scope *scope,
                    const char *field, enum mu_property property);

/* A client's value of a property, the same whenever it is asked. */
double mu_property_draw(const struct mu_law *law, uint64_t seed, uint32_t client, enum mu_property property);

#endif
