/* Expander code: B is the normalised adjacency matrix of a random d-regular bipartite graph of workers and chunks. All
 * rows and columns sum to 1, so without stragglers all weights are 1; with some, the error grows smoothly with their
 * number (Raviv et al. 2017; the random graph is this project's choice: random regular graphs are nearly optimal
 * expanders). The graph is the circulant one after many random switches: two edges (i, j), (k, l) become (i, l), (k, j)
 * where that makes no double edge, which keeps all degrees. */
#include "kind.h"
#include "muster/base/mem.h"

struct options {
    struct mu_approximate_options approximate;
    int64_t degree; /* or MU_UNSET */
};

/* Attempts per edge: several times what mixes such chains in practice. */
enum { SWITCHES = 20 };

static uint32_t degree_of(const struct options *o, uint32_t s) {
    return o->degree == MU_UNSET ? s + 1 : (uint32_t)o->degree;
}

static int check(const void *options, uint32_t n, uint32_t s, const char *place, struct mu_err *err) {
    const uint32_t degree = degree_of(options, s);
    return degree <= n ? MU_OK : mu_fail(err, MU_BAD_CONFIG, place, "degree %u with only %u chunks", degree, n);
}

static void switch_edges(bool *holds, uint32_t *end, uint32_t n, uint32_t degree, struct mu_rng *rng) {
    const uint64_t edges = (uint64_t)n * degree;
    for (uint64_t k = 0; k < SWITCHES * edges; k++) {
        const uint64_t a = mu_rng_below(rng, edges);
        const uint64_t b = mu_rng_below(rng, edges);
        bool *const row_a = holds + a / degree * n;
        bool *const row_b = holds + b / degree * n;
        if (row_a == row_b || end[a] == end[b] || row_a[end[b]] || row_b[end[a]]) {
            continue;
        }
        row_a[end[a]] = false;
        row_b[end[b]] = false;
        const uint32_t kept = end[a];
        end[a] = end[b];
        end[b] = kept;
        row_a[end[a]] = true;
        row_b[end[b]] = true;
    }
}

static int build(struct mu_coding *coding, const void *options, struct mu_err *err) {
    struct mu_coding_facts *const f = &coding->facts;
    const uint32_t degree = degree_of(options, f->s);
    f->draws = 1;
    int rc = MU_RANK_FAILED;
    uint32_t *end = NULL; /* the chunk of each edge; edge e is worker e / degree's */
    bool *holds = mu_alloc((size_t)f->n * f->n, sizeof *holds, err);
    if (holds == NULL || (end = mu_alloc((size_t)f->n * degree, sizeof *end, err)) == NULL) {
        goto done;
    }
    for (uint32_t i = 0; i < f->n; i++) {
        for (uint32_t k = 0; k < degree; k++) {
            const uint32_t j = (i + k) % f->n;
            holds[(size_t)i * f->n + j] = true;
            end[(size_t)i * degree + k] = j;
        }
    }
    struct mu_rng rng;
    mu_rng_init(&rng, f->seed, MU_STREAM_CODE, 0, 0);
    switch_edges(holds, end, f->n, degree, &rng);
    rc = mu_coding_add_table(coding, holds, 1.0 / degree, &rng, err);
done:
    mu_free(end);
    mu_free(holds);
    return rc;
}

static const struct mu_field fields[] = {
    MU_CODE_S_FIELD(struct options, approximate.base.s),
    {"degree", MU_INT, MU_OPTION, offsetof(struct options, degree), "chunks", 1, 4096, "null",
     "chunks of each worker, and workers of each chunk; s + 1 if absent"},
    MU_CODE_ERROR_FIELD(struct options, approximate.max_error),
    {0},
};

const struct mu_code_kind mu_code_expander = {
    .kind = {"expander",
             "approximate: a random regular graph of workers and chunks",
             "Raviv et al. 2017",
             {fields, sizeof(struct options), NULL}},
    .most = 4096,
    .check = check,
    .build = build,
};
