/* What a kind of code is, and what the common part keeps of a built one. */
#ifndef MUSTER_CODING_KIND_H
#define MUSTER_CODING_KIND_H

#include "muster/base/rng.h"
#include "muster/coding/code.h"

/* A row of the registry. */
struct mu_code_kind {
    struct mu_kind kind; /* the options begin with a struct mu_code_options */
    bool exact, plain;   /* see struct mu_coding_facts */
    uint32_t most;       /* workers it can be built for */
    /* OPTIONAL. The row to build in its place. */
    const struct mu_code_kind *(*pick)(uint32_t n, uint32_t s);
    /* OPTIONAL. Rules beyond s < n. */
    int (*check)(const void *options, uint32_t n, uint32_t s, const char *place, struct mu_err *err);
    /* REQUIRED, but for rows that pick. Adds the rows of B in order, by mu_coding_add. */
    int (*build)(struct mu_coding *coding, const void *options, struct mu_err *err);
    /* OPTIONAL. Without it: at least n - s. */
    bool (*can_decode)(const struct mu_coding *coding, const uint64_t *arrived);
    /* OPTIONAL. Weights for arrivals that can_decode accepts, zero elsewhere. Without it: least squares by SVD. */
    int (*solve)(const struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_err *err);
};

struct mu_coding_cache {
    bool *used;
    uint64_t *key;               /* [MU_CODING_CACHE][words]: arrivals */
    double *a;                   /* [MU_CODING_CACHE][n] */
    struct mu_decoding *outcome; /* [MU_CODING_CACHE] */
    uint64_t found, solved;
};

struct mu_coding {
    const struct mu_code_kind *row;
    struct mu_coding_facts facts;
    size_t words;     /* of a set of workers */
    double max_error; /* of an approximate code */
    /* B by rows: worker i has entries first[i]..first[i + 1] - 1. */
    size_t *first;
    uint32_t *chunk;
    double *coefficient;
    size_t entries, room_chunk, room_coefficient;
    uint32_t rows;   /* that have been added */
    void *table;     /* the kind's own, one block */
    double *scratch; /* [2 n] */
    struct mu_coding_cache cache;
};

/* Options of cyclic and of auto. */
struct mu_cyclic_options {
    struct mu_code_options base;
    int64_t draws;
};

extern const struct mu_code_kind mu_code_frc, mu_code_cyclic;

/* Options of the approximate codes begin with this. */
struct mu_approximate_options {
    struct mu_code_options base;
    double max_error;
};

#define MU_CODE_S_FIELD(type, member)                                                \
    {                                                                                \
        "s", MU_INT, MU_OPTION, offsetof(type, member), "workers", 0, 1e6, "null",   \
            "stragglers to tolerate; the schemes sr_sgc and m_sgc set it themselves" \
    }

#define MU_CODE_DRAWS_FIELD(type, member)                                                                        \
    {                                                                                                            \
        "draws", MU_INT, MU_OPTION, offsetof(type, member), "", 1, 10000, "32",                                  \
            "random draws to compare by the worst amplification over trial straggler sets; the best one is kept" \
    }

#define MU_CODE_ERROR_FIELD(type, member)                                                                            \
    {                                                                                                                \
        "max_error", MU_REAL, MU_OPTION, offsetof(type, member), "", 0, 1, "0.25",                                   \
            "mean over the chunks of the squared deviation of their weight from 1 above which a decoding has failed" \
    }

/* Adds an entry to row `worker`, which is the last row added or the one after it. */
int mu_coding_add(struct mu_coding *coding, uint32_t worker, uint32_t chunk, double coefficient, struct mu_err *err);

/* Forgets all rows, for another draw. */
void mu_coding_erase(struct mu_coding *coding);

/* Solves for any set, not looking at the cache. */
int mu_coding_solve(const struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_decoding *out,
                    struct mu_err *err);

/* The worst amplification of a built exact code over trial sets, the same for every draw; infinite if one fails. */
int mu_coding_trial(const struct mu_coding *coding, double *amplification, struct mu_err *err);

/* Makes every chunk somebody's: a chunk without a holder goes to a worker drawn from rng, with coefficient 1. `holds`
 * is n x n, worker by worker. Then adds its rows. */
int mu_coding_add_table(struct mu_coding *coding, bool *holds, double coefficient, struct mu_rng *rng,
                        struct mu_err *err);

#endif
