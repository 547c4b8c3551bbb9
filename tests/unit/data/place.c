/* Rows put in order where they are. That a client's rows are one range, in stable order, is in data.c; that several
 * ranks see the same is in tests/scenario/same_bits.py. */
#include "support.h"

#include "data_impl.h"
#include "muster/base/mem.h"
#include "muster/base/rng.h"

/* Byte b of row i, before. */
static char byte_of(size_t i, size_t b) {
    return (char)(i * 131 + b * 7 + (i >> 3) * b);
}

static void fill(struct mu_part *part, size_t n, size_t row_bytes, bool labels, bool targets) {
    struct mu_err err = {0};
    *part = (struct mu_part){.n = n, .x = mu_alloc(n, row_bytes, &err)};
    part->label = labels ? mu_alloc(n, sizeof *part->label, &err) : NULL;
    part->target = targets ? mu_alloc(n, sizeof *part->target, &err) : NULL;
    support_expect_ok(&err);
    for (size_t i = 0; i < n; i++) {
        for (size_t b = 0; b < row_bytes; b++) {
            ((char *)part->x)[i * row_bytes + b] = byte_of(i, b);
        }
        if (labels) {
            part->label[i] = (int32_t)i;
        }
        if (targets) {
            part->target[i] = 0.5 * (double)i;
        }
    }
}

static void check_row(const struct mu_part *part, size_t row_bytes, size_t i, size_t to) {
    for (size_t b = 0; b < row_bytes; b++) {
        assert_int_equal(((const char *)part->x)[to * row_bytes + b], byte_of(i, b));
    }
    if (part->label != NULL) {
        assert_int_equal(part->label[to], i);
    }
    if (part->target != NULL) {
        assert_true(part->target[to] == 0.5 * (double)i);
    }
}

static void check_permutation(size_t n, size_t row_bytes, bool labels, bool targets, const uint32_t *wanted) {
    uint32_t to[300];
    struct mu_part part;
    memcpy(to, wanted, n * sizeof *to);
    fill(&part, n, row_bytes, labels, targets);
    mu_part_permute(&part, row_bytes, to);
    for (size_t i = 0; i < n; i++) {
        check_row(&part, row_bytes, i, wanted[i]);
        assert_int_equal(to[i], i);
    }
    mu_part_clear(&part);
}

static void each_row_comes_to_its_place_with_its_label_and_target(void **state) {
    (void)state;
    static const size_t bytes[] = {1, 3, 64, 511, 512, 513, 784, 1100};
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_PARTITION, 0, 0);
    for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++) {
        for (size_t n = 0; n <= 300; n += n < 4 ? 1 : 74) {
            uint32_t wanted[300];
            for (uint32_t i = 0; i < n; i++) {
                wanted[i] = i;
            }
            check_permutation(n, bytes[k], true, false, wanted); /* nothing moves */
            mu_rng_shuffle(&rng, n, wanted);
            check_permutation(n, bytes[k], k % 2 == 0, k % 3 == 0, wanted);
        }
    }
}

/* All rows in one cycle, in either direction, and in pairs. */
static void long_and_short_cycles(void **state) {
    (void)state;
    enum { N = 300 };
    uint32_t up[N], down[N], pairs[N];
    for (uint32_t i = 0; i < N; i++) {
        up[i] = (i + 1) % N;
        down[i] = (i + N - 1) % N;
        pairs[i] = i ^ 1;
    }
    check_permutation(N, 20, true, true, up);
    check_permutation(N, 20, true, true, down);
    check_permutation(N, 20, true, true, pairs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_comes_to_its_place_with_its_label_and_target),
        cmocka_unit_test(long_and_short_cycles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
