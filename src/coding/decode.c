/* From arrivals to weights: the cache, the general least-squares solver, and the check of every result against B. */
#include <math.h>
#include <string.h>

#include "kind.h"
#include "muster/base/mem.h"
#include "muster/coding/attack.h"
#include "solve.h"

bool mu_coding_can_decode(const struct mu_coding *coding, const uint64_t *arrived) {
    if (coding->row->can_decode != NULL) {
        return coding->row->can_decode(coding, arrived);
    }
    return mu_bits_count(arrived, coding->words) >= coding->facts.n - coding->facts.s;
}

/* The rows of B that arrived as the columns of a dense matrix [n chunks, arrivals]; NULL if memory runs out. */
static double *gather_rows(const struct mu_coding *coding, const uint64_t *arrived, struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    double *rows = mu_alloc((size_t)n * mu_bits_count(arrived, coding->words), sizeof *rows, err);
    if (rows == NULL) {
        return NULL;
    }
    double *column = rows;
    for (uint32_t i = mu_bits_next(arrived, n, 0); i < n; i = mu_bits_next(arrived, n, i + 1)) {
        for (size_t k = coding->first[i]; k < coding->first[i + 1]; k++) {
            column[coding->chunk[k]] = coding->coefficient[k];
        }
        column += n;
    }
    return rows;
}

/* argmin |B_F' a - 1|, of least norm. */
static int solve_least_squares(const struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    const uint32_t arrivals = mu_bits_count(arrived, coding->words);
    int rc = MU_OK;
    double *x = NULL;
    double *rows = gather_rows(coding, arrived, err);
    if (rows == NULL || (x = mu_alloc(2 * (size_t)n, sizeof *x, err)) == NULL) {
        rc = MU_RANK_FAILED;
        goto done;
    }
    for (uint32_t j = 0; j < n; j++) {
        x[j] = 1.0;
    }
    if (arrivals > 0 && (rc = mu_solve_least_squares(n, arrivals, rows, x, x + n, err)) != MU_OK) {
        goto done;
    }
    const double *next = x;
    for (uint32_t i = 0; i < n; i++) {
        a[i] = mu_bits_has(arrived, i) ? *next++ : 0.0;
    }
done:
    mu_free(rows);
    mu_free(x);
    return rc;
}

/* What the weights give, chunk by chunk. NAN weights give NAN, and are not decoded. */
static void judge(const struct mu_coding *coding, const double *a, struct mu_decoding *out) {
    const uint32_t n = coding->facts.n;
    double *const total = coding->scratch;
    double *const size = total + n;
    memset(total, 0, 2 * (size_t)n * sizeof *total);
    *out = (struct mu_decoding){0};
    for (uint32_t i = 0; i < n; i++) {
        if (a[i] == 0.0) {
            continue;
        }
        for (size_t k = coding->first[i]; k < coding->first[i + 1]; k++) {
            const double product = a[i] * coding->coefficient[k];
            total[coding->chunk[k]] += product;
            size[coding->chunk[k]] += fabs(product);
        }
        out->norm += a[i] * a[i];
    }
    bool finite = true;
    for (uint32_t j = 0; j < n; j++) {
        const double off = fabs(total[j] - 1.0);
        finite = finite && isfinite(off);
        out->residual = fmax(out->residual, off);
        out->error += off * off / n;
        out->amplification = fmax(out->amplification, size[j]);
    }
    out->norm = sqrt(out->norm);
    out->decoded =
        finite && (coding->row->exact ? out->residual <= MU_CODING_RESIDUAL : out->error <= coding->max_error);
}

int mu_coding_solve(const struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_decoding *out,
                    struct mu_err *err) {
    const bool enough = mu_coding_can_decode(coding, arrived);
    if (enough && coding->row->solve != NULL) {
        MU_TRY(coding->row->solve(coding, arrived, a, err));
    } else if (coding->row->plain) { /* too few: what is missing weighs 0 */
        memset(a, 0, coding->facts.n * sizeof *a);
    } else {
        MU_TRY(solve_least_squares(coding, arrived, a, err));
    }
    judge(coding, a, out);
    if (!out->decoded) {
        for (uint32_t i = 0; i < coding->facts.n; i++) {
            a[i] = NAN;
        }
    }
    return MU_OK;
}

static int make_cache(struct mu_coding *coding, struct mu_err *err) {
    struct mu_coding_cache *c = &coding->cache;
    const size_t n = coding->facts.n;
    if (c->used != NULL) {
        return MU_OK;
    }
    c->key = c->key != NULL ? c->key : mu_alloc(MU_CODING_CACHE * coding->words, sizeof *c->key, err);
    c->a = c->a != NULL ? c->a : mu_alloc(MU_CODING_CACHE * n, sizeof *c->a, err);
    c->outcome = c->outcome != NULL ? c->outcome : mu_alloc(MU_CODING_CACHE, sizeof *c->outcome, err);
    if (c->key == NULL || c->a == NULL || c->outcome == NULL) {
        return MU_RANK_FAILED;
    }
    c->used = mu_alloc(MU_CODING_CACHE, sizeof *c->used, err);
    return c->used != NULL ? MU_OK : MU_RANK_FAILED;
}

/* The one place in the cache where a set may be. */
static size_t place_of(const uint64_t *set, size_t words) {
    uint64_t hash = 0;
    for (size_t k = 0; k < words; k++) {
        hash = (hash ^ set[k]) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio (Knuth) */
        hash ^= hash >> 32;
    }
    return (size_t)(hash % MU_CODING_CACHE);
}

int mu_coding_decode(struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_decoding *out,
                     struct mu_err *err) {
    if (coding->row->plain) { /* nothing to solve */
        return mu_coding_solve(coding, arrived, a, out, err);
    }
    MU_TRY(make_cache(coding, err));
    struct mu_coding_cache *c = &coding->cache;
    const size_t n = coding->facts.n;
    const size_t place = place_of(arrived, coding->words);
    uint64_t *const key = c->key + place * coding->words;
    double *const kept = c->a + place * n;
    if (c->used[place] && memcmp(key, arrived, coding->words * sizeof *key) == 0) {
        c->found++;
    } else {
        c->used[place] = false;
        MU_TRY(mu_coding_solve(coding, arrived, kept, &c->outcome[place], err));
        memcpy(key, arrived, coding->words * sizeof *key);
        c->used[place] = true;
        c->solved++;
    }
    memcpy(a, kept, n * sizeof *a);
    *out = c->outcome[place];
    return MU_OK;
}

void mu_coding_cache_counts(const struct mu_coding *coding, uint64_t *found, uint64_t *solved) {
    *found = coding->cache.found;
    *solved = coding->cache.solved;
}

int mu_coding_condition(const struct mu_coding *coding, const uint64_t *arrived, double *condition,
                        struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    const uint32_t arrivals = mu_bits_count(arrived, coding->words);
    int rc = MU_OK;
    double *singular = NULL;
    double *rows = gather_rows(coding, arrived, err);
    if (rows == NULL || (singular = mu_alloc(2 * (size_t)n, sizeof *singular, err)) == NULL) {
        rc = MU_RANK_FAILED;
        goto done;
    }
    *condition = NAN;
    if (arrivals > 0 && (rc = mu_solve_least_squares(n, arrivals, rows, singular, singular + n, err)) == MU_OK) {
        const double *const sigma = singular + n;
        double least = sigma[0];
        for (uint32_t k = 1; k < arrivals && sigma[k] > 1e-10 * sigma[0]; k++) {
            least = sigma[k];
        }
        *condition = sigma[0] / least;
    }
done:
    mu_free(rows);
    mu_free(singular);
    return rc;
}
