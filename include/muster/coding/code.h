/* Gradient codes: n workers, n chunks of data, and a matrix B (workers x chunks). Worker i returns one vector, the sum
 * of B[i][j] g_j over the chunks it holds; from the vectors of the workers F that arrived, weights a with a B_F =
 * (1..1) give the sum of all chunks' gradients. A code says who holds what, from which arrivals it can decode, and with
 * which weights. Weights are float64, by QR or SVD, checked against B; what does not decode is said so, never used.
 * docs: specs/gradient_coding.md, section 1. */
#ifndef MUSTER_CODING_CODE_H
#define MUSTER_CODING_CODE_H

#include "muster/coding/bits.h"
#include "muster/config/field.h"

/* The codes there are: a file in src/coding/kind and a row each. */
extern const struct mu_registry mu_codes;

/* The row of a strategy's `code`, which the user may leave out. */
#define MU_CODE_FIELD(type, member)                                                             \
    {                                                                                           \
        "code", MU_CHOICE, MU_OPTION, offsetof(type, member), "", 0, 0, "{\"kind\": \"auto\"}", \
            "which chunks each worker holds, and how", &mu_codes                                \
    }

/* What the options of every code begin with. */
struct mu_code_options {
    int64_t s; /* stragglers to tolerate, or MU_UNSET: the scheme says */
};

/* A code to be built. */
struct mu_code_request {
    const struct mu_choice *choice; /* of mu_codes, borrowed; NULL, or without a kind: auto */
    uint32_t n;                     /* workers, and chunks */
    int64_t s;                      /* MU_UNSET: the options' s; if both are given they must be equal */
    uint64_t seed;
    const char *place; /* for errors, such as "a.json: /server/strategy/code"; may be NULL */
};

/* Whether it can be built, without building it. MU_BAD_CONFIG if not: s >= n, frc where s + 1 does not divide n, ... */
int mu_code_check(const struct mu_code_request *request, struct mu_err *err);

struct mu_coding; /* a built code; not shared between threads, since it keeps the weights it has solved */

/* Builds it; release with mu_coding_free. */
int mu_coding_new(struct mu_coding **coding, const struct mu_code_request *request, struct mu_err *err);
void mu_coding_free(struct mu_coding *coding);

struct mu_coding_facts {
    const char *name; /* of the kind that was built, never "auto" */
    uint32_t n, s;
    bool exact; /* decodes exactly from any n - s arrivals; otherwise it approximates */
    bool plain; /* all coefficients and weights are 0 or 1, so float32 messages lose nothing more than uncoded ones */
    uint64_t seed;
    uint32_t draws, draw; /* random draws that were compared, and the one that was kept; 0 of 0 without randomness */
    double amplification; /* worst one over the draw's trial sets, see struct mu_decoding; NAN if nothing was tried */
    double load;          /* mean over the workers of (chunks held) / n */
    uint32_t held_most;   /* chunks of the worker with most */
    double largest;       /* max |B[i][j]| */
};
const struct mu_coding_facts *mu_coding_facts(const struct mu_coding *coding);

/* The chunks of a worker in the order they are to be summed, and their coefficients; returns how many. The arrays are
 * the code's, until it is freed. */
uint32_t mu_coding_support(const struct mu_coding *coding, uint32_t worker, const uint32_t **chunk,
                           const double **coefficient);

/* Whether the workers of the set `arrived` suffice, without solving anything: frc, one of each group; other exact
 * codes, at least n - s; approximate ones, at least n - s too, and how well they do is known when they are decoded. */
bool mu_coding_can_decode(const struct mu_coding *coding, const uint64_t *arrived);

/* How a decoding went. */
struct mu_decoding {
    bool decoded;
    double residual; /* max over chunks of |(a B)_j - 1|: more than 1e-6 is a failure, for exact codes */
    double error;    /* sum of ((a B)_j - 1)^2 / n: more than the option max_error is a failure, for approximate ones */
    double amplification; /* max over chunks of sum_i |a_i B_ij|: by how much rounding of the messages is magnified */
    double norm;          /* Euclidean norm of a */
};

enum { MU_CODING_CACHE = 64 }; /* sets of arrivals whose weights are kept */
#define MU_CODING_RESIDUAL 1e-6

/* Weights a[n], zero for workers that have not arrived; where several solve it, of least norm (for cyclic, of the
 * weights times the sizes of their rows, to a factor of 2); for frc the lowest-numbered arrival of each group, with
 * weight 1. If they fail (out->decoded is false) all of a is NAN. Fails itself only if memory runs out. */
int mu_coding_decode(struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_decoding *out,
                     struct mu_err *err);

/* Weights that were found in the cache, and that had to be solved, so far. */
void mu_coding_cache_counts(const struct mu_coding *coding, uint64_t *found, uint64_t *solved);

#endif
