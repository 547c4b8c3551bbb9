/* Fractional repetition: groups of s + 1 workers, and every worker of a group holds the group's s + 1 chunks.
 *
 *     n = 6, s = 1       chunk 0 1 2 3 4 5
 *     group 0  worker 0        1 1 . . . .
 *              worker 1        1 1 . . . .
 *     group 1  worker 2        . . 1 1 . .   ...
 *
 * One arrival per group decodes, so n / (s + 1) arrivals may do, and more than s stragglers may be survived. Sums only:
 * exact in the messages' own arithmetic. Two workers of a group send the same bits, so that it does not matter which
 * came first: the lowest-numbered arrival stands for its group, and the groups' terms are in order. */
#include "kind.h"

static int check(const void *options, uint32_t n, uint32_t s, const char *place, struct mu_err *err) {
    (void)options;
    if (n % (s + 1) != 0) {
        mu_fail(err, MU_BAD_CONFIG, place, "frc needs s + 1 to divide the number of workers: %u does not divide %u",
                s + 1, n);
        return mu_fail_help(err, "the code cyclic takes any s below %u", n);
    }
    return MU_OK;
}

static int build(struct mu_coding *coding, const void *options, struct mu_err *err) {
    (void)options;
    const uint32_t size = coding->facts.s + 1;
    for (uint32_t i = 0; i < coding->facts.n; i++) {
        for (uint32_t k = 0; k < size; k++) {
            MU_TRY(mu_coding_add(coding, i, i / size * size + k, 1.0, err));
        }
    }
    return MU_OK;
}

static bool can_decode(const struct mu_coding *coding, const uint64_t *arrived) {
    const uint32_t n = coding->facts.n;
    const uint32_t size = coding->facts.s + 1;
    for (uint32_t first = 0; first < n; first += size) {
        if (mu_bits_next(arrived, n, first) >= first + size) {
            return false;
        }
    }
    return true;
}

static int solve(const struct mu_coding *coding, const uint64_t *arrived, double *a, struct mu_err *err) {
    (void)err;
    const uint32_t n = coding->facts.n;
    const uint32_t size = coding->facts.s + 1;
    memset(a, 0, n * sizeof *a);
    for (uint32_t first = 0; first < n; first += size) {
        a[mu_bits_next(arrived, n, first)] = 1.0;
    }
    return MU_OK;
}

static const struct mu_field fields[] = {
    MU_CODE_S_FIELD(struct mu_code_options, s),
    {0},
};

const struct mu_code_kind mu_code_frc = {
    .kind = {"frc",
             "fractional repetition: groups of s + 1 workers hold the same s + 1 chunks; s + 1 divides the workers",
             "Tandon et al. 2017",
             {fields, sizeof(struct mu_code_options), NULL}},
    .exact = true,
    .plain = true,
    .most = UINT32_MAX,
    .check = check,
    .build = build,
    .can_decode = can_decode,
    .solve = solve,
};
