/* Bernoulli gradient code: each worker holds each chunk by itself with probability degree / n. Decoding is least
 * squares (Charles, Papailiopoulos and Ellenberg 2017; details reconstructed). A chunk that nobody drew goes to one
 * worker. */
#include <math.h>

#include "kind.h"
#include "muster/base/mem.h"

struct options {
    struct mu_approximate_options approximate;
    double degree;
};

static int build(struct mu_coding *coding, const void *options, struct mu_err *err) {
    const struct options *const o = options;
    struct mu_coding_facts *const f = &coding->facts;
    const double degree = isnan(o->degree) ? f->s + 1.0 : o->degree;
    f->draws = 1;
    bool *holds = mu_alloc((size_t)f->n * f->n, sizeof *holds, err);
    if (holds == NULL) {
        return err->code;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, f->seed, MU_STREAM_CODE, 0, 0);
    for (size_t k = 0; k < (size_t)f->n * f->n; k++) {
        holds[k] = mu_rng_uniform(&rng) * f->n < degree;
    }
    const int rc = mu_coding_add_table(coding, holds, 1.0, &rng, err);
    mu_free(holds);
    return rc;
}

static const struct mu_field fields[] = {
    MU_CODE_S_FIELD(struct options, approximate.base.s),
    {"degree", MU_REAL, MU_OPTION, offsetof(struct options, degree), "chunks", 0, 4096, "null",
     "chunks that a worker holds on average; s + 1 if absent", .open = true},
    MU_CODE_ERROR_FIELD(struct options, approximate.max_error),
    {0},
};

const struct mu_code_kind mu_code_bernoulli = {
    .kind = {"bernoulli",
             "approximate: each worker holds each chunk with probability degree / n",
             "Charles, Papailiopoulos and Ellenberg 2017",
             {fields, sizeof(struct options), NULL}},
    .most = 4096,
    .build = build,
};
