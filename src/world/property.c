#include "property.h"

#include <stdio.h>

void mu_scope_enter(struct mu_law_scope *inner, char pointer[static 512], const struct mu_law_scope *scope,
                    const char *field, enum mu_property property) {
    snprintf(pointer, 512, "%.400s/%.100s", scope->pointer, field);
    *inner = *scope;
    inner->pointer = pointer;
    inner->property = (int)property;
}

double mu_property_draw(const struct mu_law *law, uint64_t seed, uint32_t client, enum mu_property property) {
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_POPULATION, client, (uint32_t)property);
    return mu_law_sample(law, &rng, client);
}
