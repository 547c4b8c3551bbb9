/* How much an update counts that is some versions old: s(d), 1 for a fresh one. */
#ifndef MUSTER_STRATEGY_STALENESS_H
#define MUSTER_STRATEGY_STALENESS_H

#include "muster/config/field.h"

struct mu_staleness {
    struct mu_kind kind;
    /* REQUIRED. s(staleness), within 0..1; staleness counts server versions. */
    double (*factor)(const void *options, uint64_t staleness);
};

extern const struct mu_registry mu_stalenesses;

double mu_staleness_factor(const struct mu_choice *choice, uint64_t staleness);

#define MU_STALENESS_FIELD(type, member, default_)                                                               \
    {                                                                                                            \
        "staleness", MU_CHOICE, MU_OPTION, offsetof(type, member), "", 0, 0, default_,                           \
            "how an update's weight falls with its staleness, the versions since its job began", &mu_stalenesses \
    }

#endif
