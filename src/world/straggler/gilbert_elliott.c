/* Bursts: each client has a Markov chain over its own jobs, from good to bad with probability p and back with
 * probability q; a job in the bad state straggles. The share of bad jobs is p / (p + q), a burst has 1 / q jobs on
 * average, and the first job is drawn from the stationary law. */
#include "muster/base/mem.h"
#include "row.h"
#include "straggler/chain.h"

struct gilbert_elliott {
    struct mu_straggle_effect effect;
    double p, q;
};

static int prepare(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err) {
    (void)scope;
    const struct gilbert_elliott *o = s->options;
    if ((s->table = mu_alloc(1, sizeof(struct mu_chain), err)) == NULL) {
        return MU_RANK_FAILED;
    }
    mu_chain_init(s->table, o->p, o->q);
    return MU_OK;
}

static void job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal, struct mu_straggle *out) {
    out->straggles = mu_chain_bad(s->table, s->seed, client, ordinal);
}

static const struct mu_field fields[] = {
    PROBABILITY(gilbert_elliott, p, NULL, "probability to turn bad from one job to the next"),
    PROBABILITY(gilbert_elliott, q, NULL, "probability to turn good again; a burst has 1/q jobs on average"),
    EFFECT_FIELDS,
    {0},
};

const struct mu_straggler mu_straggler_gilbert_elliott = {
    .kind = {"gilbert_elliott",
             "bursts: a good and a bad state per client, over its own jobs",
             "Gilbert 1960, Elliott 1963",
             {fields, sizeof(struct gilbert_elliott), mu_straggle_effect_check}},
    .effect = true,
    .prepare = prepare,
    .job = job,
};
