/* Cyclic repetition: worker i holds chunks i, i + 1, ... i + s (modulo n), with coefficients that make any n - s rows
 * of B span (1..1).
 *
 * H is a random s x n matrix whose columns sum to zero, so H 1 = 0. Each row of B is the vector of its cyclic support,
 * 1 in front, that H sends to 0: an s x s system. All rows lie in null(H), which has dimension n - s and contains 1,
 * and any n - s of them span it with probability 1 (Tandon et al. 2017).
 *
 * How much rounding is amplified is the luck of the draw, over factors of hundreds and more, so several draws are
 * compared over the same straggler sets and the best one is kept.
 *
 * Weights: with a0' B = 1' and an orthonormal basis N of the v with v' B = 0 (one QR when the code is built), all
 * solutions are a0 + N z; that stragglers weigh 0 is a system of at most s equations in s unknowns, and the least z
 * gives the least a, since a0 is orthogonal to N. So a new set costs an s x s QR instead of one of n x (n - s). */
#include <cblas.h>
#include <math.h>

#include "kind.h"
#include "muster/base/mem.h"
#include "solve.h"

/* Room of one draw. */
struct draw {
    double *H;      /* [s, n] by columns */
    double *system; /* [s, s] */
    double *x;      /* [s] */
    int *pivot;     /* [s] */
};

static void clear_draw(struct draw *d) {
    mu_free(d->H);
    mu_free(d->system);
    mu_free(d->x);
    mu_free(d->pivot);
}

static int make_draw(struct draw *d, size_t n, size_t s, struct mu_err *err) {
    *d = (struct draw){
        .H = mu_alloc(s * n, sizeof *d->H, err),
        .system = mu_alloc(s * s, sizeof *d->system, err),
        .x = mu_alloc(s, sizeof *d->x, err),
        .pivot = mu_alloc(s, sizeof *d->pivot, err),
    };
    if (d->H == NULL || d->system == NULL || d->x == NULL || d->pivot == NULL) {
        clear_draw(d);
        return MU_RANK_FAILED;
    }
    return MU_OK;
}

/* Columns 0..n-2 are standard normal, the last one is minus their sum. */
static void fill_null_matrix(double *H, uint32_t n, uint32_t s, uint64_t seed, uint32_t number) {
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_CODE, number, 0);
    double *const last = H + (size_t)(n - 1) * s;
    for (uint32_t k = 0; k < s; k++) {
        last[k] = 0.0;
    }
    for (uint32_t j = 0; j + 1 < n; j++) {
        for (uint32_t k = 0; k < s; k++) {
            const double h = mu_rng_normal(&rng);
            H[(size_t)j * s + k] = h;
            last[k] -= h;
        }
    }
}

/* Adds the rows of draw `number`. *usable is false if a system was singular. */
static int add_rows(struct mu_coding *coding, struct draw *d, uint32_t number, bool *usable, struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    const uint32_t s = coding->facts.s;
    fill_null_matrix(d->H, n, s, coding->facts.seed, number);
    *usable = true;
    for (uint32_t i = 0; i < n && *usable; i++) {
        for (uint32_t k = 0; k < s; k++) {
            memcpy(d->system + (size_t)k * s, d->H + (size_t)((i + 1 + k) % n) * s, s * sizeof *d->system);
            d->x[k] = -d->H[(size_t)i * s + k];
        }
        MU_TRY(s > 0 ? mu_solve_square(s, d->system, d->x, d->pivot, usable, err) : MU_OK);
        MU_TRY(mu_coding_add(coding, i, i, 1.0, err));
        for (uint32_t k = 0; k < s; k++) {
            MU_TRY(mu_coding_add(coding, i, (i + 1 + k) % n, d->x[k], err));
            *usable = *usable && isfinite(d->x[k]);
        }
    }
    return MU_OK;
}

/* The table: Q of the QR of D B, n x n by columns, of which the last s are N; then a0 [n]; then the diagonal of D [n].
 * D scales the rows to norms within 1/2..1, by powers of two: rows differ by factors of hundreds, and rounding is
 * relative to the largest. Weights of D B are those of B divided by D. */
static const double *null_basis(const struct mu_coding *coding) {
    const size_t n = coding->facts.n;
    return (const double *)coding->table + n * (n - coding->facts.s);
}

static const double *base_solution(const struct mu_coding *coding) {
    const size_t n = coding->facts.n;
    return (const double *)coding->table + n * n;
}

static const double *row_scale(const struct mu_coding *coding) {
    return base_solution(coding) + coding->facts.n;
}

static int factor(struct mu_coding *coding, bool *usable, struct mu_err *err) {
    const size_t n = coding->facts.n;
    double *const Q = coding->table;
    memset(Q, 0, n * n * sizeof *Q);
    double *const D = Q + n * n + n;
    for (size_t i = 0; i < n; i++) {
        const size_t first = coding->first[i];
        const size_t held = coding->first[i + 1] - first;
        int exponent;
        frexp(cblas_dnrm2((int)held, coding->coefficient + first, 1), &exponent);
        D[i] = ldexp(1.0, -exponent);
        for (size_t k = first; k < first + held; k++) {
            Q[coding->chunk[k] * n + i] = D[i] * coding->coefficient[k];
        }
    }
    return mu_solve_left_null(n, n - coding->facts.s, Q, Q + n * n, usable, err);
}

/* Makes the code of draw `number` the coding's, and tries it. */
static int take_draw(struct mu_coding *coding, struct draw *d, uint32_t number, double *amplification,
                     struct mu_err *err) {
    mu_coding_erase(coding);
    bool usable;
    *amplification = INFINITY;
    MU_TRY(add_rows(coding, d, number, &usable, err));
    if (usable) {
        MU_TRY(factor(coding, &usable, err));
    }
    return usable ? mu_coding_trial(coding, amplification, err) : MU_OK;
}

static int build(struct mu_coding *coding, const void *options, struct mu_err *err) {
    struct mu_coding_facts *const f = &coding->facts;
    const size_t n = f->n;
    f->draws = f->s > 0 ? (uint32_t)((const struct mu_cyclic_options *)options)->draws : 1;
    f->amplification = INFINITY;
    struct draw d;
    MU_TRY(make_draw(&d, n, f->s, err));
    int rc = (coding->table = mu_alloc(n * n + 2 * n, sizeof(double), err)) != NULL ? MU_OK : MU_RANK_FAILED;
    uint32_t last = UINT32_MAX;
    for (uint32_t k = 0; k < f->draws && rc == MU_OK; k++) {
        double amplification;
        rc = take_draw(coding, &d, k, &amplification, err);
        last = k;
        if (amplification < f->amplification) {
            f->amplification = amplification;
            f->draw = k;
        }
    }
    if (rc == MU_OK && isinf(f->amplification)) {
        rc = mu_fail(err, MU_BAD_CONFIG, NULL,
                     "no draw of a cyclic code for %zu workers and s = %u decodes all trial sets", n, f->s);
        mu_fail_help(err, "use more draws, a smaller s, or frc");
    } else if (rc == MU_OK && last != f->draw) {
        rc = take_draw(coding, &d, f->draw, &f->amplification, err);
    }
    clear_draw(&d);
    return rc;
}

static int solve(const struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    const uint32_t s = coding->facts.s;
    const uint32_t stragglers = n - mu_bits_count(arrived, coding->words);
    const double *const N = null_basis(coding);
    const double *const a0 = base_solution(coding);
    const double *const D = row_scale(coding);
    memcpy(a, a0, n * sizeof *a);
    double *const system =
        mu_alloc((size_t)stragglers * s + s + 1, sizeof *system, err); /* the stragglers' rows of N */
    if (system == NULL) {
        return err->code;
    }
    double *const z = system + (size_t)stragglers * s;
    uint32_t row = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!mu_bits_has(arrived, i)) {
            for (uint32_t k = 0; k < s; k++) {
                system[(size_t)k * stragglers + row] = N[(size_t)k * n + i];
            }
            z[row++] = -a0[i];
        }
    }
    bool solved = true;
    const int rc = stragglers > 0 ? mu_solve_least_norm(stragglers, s, system, z, &solved, err) : MU_OK;
    if (rc == MU_OK && solved && stragglers > 0) {
        mu_solve_add_product(n, s, N, z, a);
    }
    for (uint32_t i = 0; i < n && rc == MU_OK; i++) {
        a[i] = !mu_bits_has(arrived, i) ? 0.0 : solved ? D[i] * a[i] : NAN;
    }
    mu_free(system);
    return rc;
}

static const struct mu_field fields[] = {
    MU_CODE_S_FIELD(struct mu_cyclic_options, base.s),
    MU_CODE_DRAWS_FIELD(struct mu_cyclic_options, draws),
    {0},
};

const struct mu_code_kind mu_code_cyclic = {
    .kind = {"cyclic",
             "cyclic repetition: worker i holds chunks i..i + s with random coefficients; any s, messages in float64",
             "Tandon et al. 2017",
             {fields, sizeof(struct mu_cyclic_options), NULL}},
    .exact = true,
    .most = 4096,
    .build = build,
    .solve = solve,
};
