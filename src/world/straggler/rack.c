/* Whole racks at a time: clients 0..rack_size-1 are the first rack, and so on. In each round (the client's own job
 * number) a rack straggles with probability p; with q its rounds form bursts as in gilbert_elliott. */
#include "muster/base/mem.h"
#include "row.h"
#include "straggler/chain.h"

struct rack {
    struct mu_straggle_effect effect;
    int64_t rack_size;
    double p, q;
};

static int prepare(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err) {
    (void)scope;
    const struct rack *o = s->options;
    if ((s->table = mu_alloc(1, sizeof(struct mu_chain), err)) == NULL) {
        return MU_RANK_FAILED;
    }
    /* q = 1 - p makes the rounds independent. */
    mu_chain_init(s->table, o->p, isnan(o->q) ? 1.0 - o->p : o->q);
    return MU_OK;
}

static void job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal, struct mu_straggle *out) {
    const struct rack *o = s->options;
    out->straggles = mu_chain_bad(s->table, s->seed, client / (uint32_t)o->rack_size, ordinal);
}

static const struct mu_field fields[] = {
    {"rack_size", MU_INT, MU_OPTION, offsetof(struct rack, rack_size), "clients", 1, UINT32_MAX, NULL,
     "clients of a rack, which have consecutive numbers", NULL, false},
    PROBABILITY(rack, p, NULL,
                "probability that a rack straggles in a round; with q, to turn bad from one to the next"),
    PROBABILITY(rack, q, "null", "probability to turn good again; absent: rounds are independent"),
    EFFECT_FIELDS,
    {0},
};

const struct mu_straggler mu_straggler_rack = {
    .kind = {"rack",
             "contiguous clients straggle together",
             "",
             {fields, sizeof(struct rack), mu_straggle_effect_check}},
    .effect = true,
    .prepare = prepare,
    .job = job,
};
