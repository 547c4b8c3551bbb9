/* Stochastic block code: workers and chunks are in communities; a worker holds a chunk of its own community with
 * probability p, another with probability q (Charles and Papailiopoulos 2018; details reconstructed). p = 1, q = 0 with
 * n / (s + 1) communities is fractional repetition. A chunk that nobody drew goes to one worker. */
#include "kind.h"
#include "muster/base/mem.h"

struct options {
    struct mu_approximate_options approximate;
    int64_t communities; /* or MU_UNSET */
    double p, q;
};

static uint32_t count_communities(const struct options *o, uint32_t n, uint32_t s) {
    const uint32_t wanted = o->communities == MU_UNSET ? n / (s + 1) : (uint32_t)o->communities;
    return wanted > 0 ? wanted : 1;
}

static int check(const void *options, uint32_t n, uint32_t s, const char *place, struct mu_err *err) {
    const uint32_t communities = count_communities(options, n, s);
    return communities <= n ? MU_OK
                            : mu_fail(err, MU_BAD_CONFIG, place, "%u communities of %u workers", communities, n);
}

static int build(struct mu_coding *coding, const void *options, struct mu_err *err) {
    const struct options *const o = options;
    struct mu_coding_facts *const f = &coding->facts;
    const uint64_t communities = count_communities(o, f->n, f->s);
    f->draws = 1;
    bool *holds = mu_alloc((size_t)f->n * f->n, sizeof *holds, err);
    if (holds == NULL) {
        return err->code;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, f->seed, MU_STREAM_CODE, 0, 0);
    for (uint32_t i = 0; i < f->n; i++) {
        for (uint32_t j = 0; j < f->n; j++) {
            const bool together = i * communities / f->n == j * communities / f->n;
            holds[(size_t)i * f->n + j] = mu_rng_uniform(&rng) < (together ? o->p : o->q);
        }
    }
    const int rc = mu_coding_add_table(coding, holds, 1.0, &rng, err);
    mu_free(holds);
    return rc;
}

static const struct mu_field fields[] = {
    MU_CODE_S_FIELD(struct options, approximate.base.s),
    {"communities", MU_INT, MU_OPTION, offsetof(struct options, communities), "", 1, 4096, "null",
     "blocks of workers and chunks; n / (s + 1) if absent"},
    {"p", MU_REAL, MU_OPTION, offsetof(struct options, p), "", 0, 1, "0.9",
     "probability that a worker holds a chunk of its community"},
    {"q", MU_REAL, MU_OPTION, offsetof(struct options, q), "", 0, 1, "0.01",
     "probability that a worker holds a chunk of another community"},
    MU_CODE_ERROR_FIELD(struct options, approximate.max_error),
    {0},
};

const struct mu_code_kind mu_code_sbm = {
    .kind = {"sbm",
             "approximate, stochastic block: a worker holds chunks of its own community with p, of others with q",
             "Charles and Papailiopoulos 2018",
             {fields, sizeof(struct options), NULL}},
    .most = 4096,
    .check = check,
    .build = build,
};
