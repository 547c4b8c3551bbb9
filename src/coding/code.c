#include <math.h>
#include <string.h>

#include "kind.h"
#include "muster/base/mem.h"
#include "solve.h"

/* What a request comes down to. */
struct resolved {
    const struct mu_code_kind *row;
    const void *options;
    uint32_t s;
};

/* The choice of a request without one: auto, with its defaults. */
static const struct mu_cyclic_options auto_options = {{MU_UNSET}, 32};

static int resolve_s(const struct mu_code_request *request, const struct mu_code_options *options, uint32_t *s,
                     struct mu_err *err) {
    const int64_t value = options->s != MU_UNSET ? options->s : request->s;
    if (value == MU_UNSET) {
        mu_fail(err, MU_BAD_CONFIG, request->place, "s, the number of stragglers to tolerate, is missing");
        return mu_fail_help(err, "for example: {\"kind\": \"frc\", \"s\": 3}");
    }
    if (request->s != MU_UNSET && request->s != value) {
        return mu_fail(err, MU_BAD_CONFIG, request->place,
                       "the code tolerates s = %lld stragglers, but the scheme needs s = %lld", (long long)value,
                       (long long)request->s);
    }
    if (value < 0 || value >= (int64_t)request->n) {
        return mu_fail(err, MU_BAD_CONFIG, request->place, "s = %lld stragglers of %u workers: s must be in 0..%lld",
                       (long long)value, request->n, (long long)request->n - 1);
    }
    *s = (uint32_t)value;
    return MU_OK;
}

static int resolve(const struct mu_code_request *request, struct resolved *out, struct mu_err *err) {
    if (request->n == 0) {
        return mu_fail(err, MU_BAD_CONFIG, request->place, "a code needs at least one worker");
    }
    const bool given = request->choice != NULL && request->choice->kind != NULL;
    const struct mu_kind *kind = given ? request->choice->kind : mu_registry_find(&mu_codes, "auto");
    out->row = (const struct mu_code_kind *)(const void *)kind;
    out->options = given ? request->choice->options : &auto_options;
    MU_TRY(resolve_s(request, out->options, &out->s, err));
    if (out->row->pick != NULL) {
        out->row = out->row->pick(request->n, out->s);
    }
    if (request->n > out->row->most) {
        mu_fail(err, MU_BAD_CONFIG, request->place, "the code %s is built for at most %u workers, not %u",
                out->row->kind.name, out->row->most, request->n);
        return mu_fail_help(err, "frc has no such limit");
    }
    return out->row->check != NULL ? out->row->check(out->options, request->n, out->s, request->place, err) : MU_OK;
}

int mu_code_check(const struct mu_code_request *request, struct mu_err *err) {
    struct resolved resolved = {0};
    return resolve(request, &resolved, err);
}

int mu_coding_add(struct mu_coding *coding, uint32_t worker, uint32_t chunk, double coefficient, struct mu_err *err) {
    const size_t need = coding->entries + 1;
    void *chunks = coding->chunk;
    MU_TRY(mu_grow(&chunks, &coding->room_chunk, need, sizeof *coding->chunk, err));
    coding->chunk = chunks;
    void *coefficients = coding->coefficient;
    MU_TRY(mu_grow(&coefficients, &coding->room_coefficient, need, sizeof *coding->coefficient, err));
    coding->coefficient = coefficients;
    for (; coding->rows <= worker; coding->rows++) {
        coding->first[coding->rows] = coding->entries;
    }
    coding->chunk[coding->entries] = chunk;
    coding->coefficient[coding->entries++] = coefficient;
    coding->first[coding->rows] = coding->entries;
    return MU_OK;
}

void mu_coding_erase(struct mu_coding *coding) {
    coding->entries = 0;
    coding->rows = 0;
}

int mu_coding_add_table(struct mu_coding *coding, bool *holds, double coefficient, struct mu_rng *rng,
                        struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    for (uint32_t j = 0; j < n; j++) {
        bool held = false;
        for (uint32_t i = 0; i < n; i++) {
            held = held || holds[(size_t)i * n + j];
        }
        if (!held) {
            holds[mu_rng_below(rng, n) * n + j] = true;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            if (holds[(size_t)i * n + j]) {
                MU_TRY(mu_coding_add(coding, i, j, coefficient, err));
            }
        }
    }
    return MU_OK;
}

static void finish_facts(struct mu_coding *coding) {
    struct mu_coding_facts *f = &coding->facts;
    for (; coding->rows < f->n; coding->rows++) { /* workers without a chunk at the end */
        coding->first[coding->rows + 1] = coding->entries;
    }
    f->load = (double)coding->entries / f->n / f->n;
    for (uint32_t i = 0; i < f->n; i++) {
        const size_t held = coding->first[i + 1] - coding->first[i];
        f->held_most = held > f->held_most ? (uint32_t)held : f->held_most;
    }
    for (size_t k = 0; k < coding->entries; k++) {
        f->largest = fmax(f->largest, fabs(coding->coefficient[k]));
    }
}

int mu_coding_new(struct mu_coding **coding, const struct mu_code_request *request, struct mu_err *err) {
    int rc = MU_OK;
    *coding = NULL;
    struct resolved resolved = {0};
    MU_TRY(resolve(request, &resolved, err));
    struct mu_coding *c = mu_alloc(1, sizeof *c, err);
    if (c == NULL) {
        return err->code;
    }
    const uint32_t n = request->n;
    c->row = resolved.row;
    c->words = mu_bits_words(n);
    c->facts = (struct mu_coding_facts){
        .name = c->row->kind.name,
        .n = n,
        .s = resolved.s,
        .exact = c->row->exact,
        .plain = c->row->plain,
        .seed = request->seed,
        .amplification = NAN,
    };
    if (!c->row->exact) {
        c->max_error = ((const struct mu_approximate_options *)resolved.options)->max_error;
    }
    c->first = mu_alloc((size_t)n + 1, sizeof *c->first, err);
    c->scratch = mu_alloc(2 * (size_t)n, sizeof *c->scratch, err);
    if (c->first == NULL || c->scratch == NULL) {
        rc = MU_RANK_FAILED;
        goto done;
    }
    if ((rc = c->row->build(c, resolved.options, err)) != MU_OK) {
        goto done;
    }
    finish_facts(c);
    *coding = c;
    c = NULL;
done:
    mu_coding_free(c);
    return rc;
}

void mu_coding_free(struct mu_coding *coding) {
    if (coding == NULL) {
        return;
    }
    mu_free(coding->first);
    mu_free(coding->chunk);
    mu_free(coding->coefficient);
    mu_free(coding->table);
    mu_free(coding->scratch);
    mu_free(coding->cache.used);
    mu_free(coding->cache.key);
    mu_free(coding->cache.a);
    mu_free(coding->cache.outcome);
    mu_free(coding);
}

const struct mu_coding_facts *mu_coding_facts(const struct mu_coding *coding) {
    return &coding->facts;
}

uint32_t mu_coding_support(const struct mu_coding *coding, uint32_t worker, const uint32_t **chunk,
                           const double **coefficient) {
    const size_t first = coding->first[worker];
    *chunk = coding->chunk + first;
    *coefficient = coding->coefficient + first;
    return (uint32_t)(coding->first[worker + 1] - first);
}
