/* Runs with any number of ranks, and again without MPI. Expected values are computed from rank and size. */
#include "support_mpi.h"

static uint64_t pattern(int rank, size_t i) {
    return (uint64_t)(rank + 1) * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)i * UINT64_C(0xD1342543DE82EF95);
}

static void agreement_on_success_leaves_no_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    CHECK(mu_comm_agree(comm, MU_OK, &err) == MU_OK);
    CHECK(err.code == MU_OK && err.text[0] == '\0');
}

/* Every single rank fails in turn: all get that rank's error, word for word. */
static void one_failure_reaches_everybody(void **state) {
    (void)state;
    for (int failing = 0; failing < mu_comm_size(comm); failing++) {
        struct mu_err err = {.code = MU_OK};
        int code = MU_OK;
        if (mu_comm_rank(comm) == failing) {
            mu_fail(&err, MU_IO, "some/place", "rank %d could not", failing);
            code = mu_fail_help(&err, "try another");
        }
        CHECK(mu_comm_agree(comm, code, &err) == MU_IO);
        char text[64];
        snprintf(text, sizeof text, "rank %d could not", failing);
        CHECK(err.code == MU_IO && strcmp(err.text, text) == 0);
        CHECK(strcmp(err.place, "some/place") == 0 && strcmp(err.help, "try another") == 0);
    }
}

/* All ranks from `first` on fail, each with its own error: the lowest one's is everybody's. */
static void the_lowest_failing_rank_is_heard(void **state) {
    (void)state;
    for (int first = 0; first < mu_comm_size(comm); first++) {
        struct mu_err err = {.code = MU_OK};
        int code = MU_OK;
        if (mu_comm_rank(comm) >= first) {
            code =
                mu_fail(&err, mu_comm_rank(comm) == first ? MU_DIVERGED : MU_IO, NULL, "rank %d", mu_comm_rank(comm));
        }
        CHECK(mu_comm_agree(comm, code, &err) == MU_DIVERGED);
        char text[64];
        snprintf(text, sizeof text, "rank %d", first);
        CHECK(err.code == MU_DIVERGED && strcmp(err.text, text) == 0);
    }
}

static void a_broadcast_is_rank_0s_bytes(void **state) {
    (void)state;
    static uint64_t data[10007];
    const size_t n = sizeof data / sizeof *data;
    for (size_t i = 0; i < n; i++) {
        data[i] = pattern(mu_comm_rank(comm), i);
    }
    mu_comm_bcast(comm, data, sizeof data);
    for (size_t i = 0; i < n; i++) {
        CHECK(data[i] == pattern(0, i));
    }
    mu_comm_bcast(comm, NULL, 0);
    data[0] = pattern(mu_comm_rank(comm), 1);
    mu_comm_host_bcast(comm, data, sizeof *data);
    CHECK(data[0] == pattern(0, 1));
}

/* Modulo 2^64, so that the sum is exact whatever the numbers. */
static void sums_of_integers_are_exact(void **state) {
    (void)state;
    static int64_t data[10007];
    const size_t n = sizeof data / sizeof *data;
    for (size_t i = 0; i < n; i++) {
        data[i] = (int64_t)(pattern(mu_comm_rank(comm), i) >> 8) * (i % 2 == 0 ? 1 : -1);
    }
    mu_comm_sum_i64(comm, data, n);
    for (size_t i = 0; i < n && mu_comm_rank(comm) == 0; i++) {
        int64_t sum = 0;
        for (int rank = 0; rank < mu_comm_size(comm); rank++) {
            sum += (int64_t)(pattern(rank, i) >> 8) * (i % 2 == 0 ? 1 : -1);
        }
        CHECK(data[i] == sum);
    }
    mu_comm_sum_i64(comm, data, 0);
}

/* Twice, since the second sum must not see what the first left; sizes that the ranks' slices do not divide. */
static void kept_accumulators_are_summed_again_and_again(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 8, 5000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct mu_sum sum;
        struct mu_err err = {0};
        CHECK(mu_sum_new(&sum, comm, sizes[k], &err) == MU_OK);
        for (uint64_t round = 0; round < 2; round++) {
            for (size_t i = 0; i < sizes[k]; i++) {
                sum.mine[i] = (int64_t)(pattern(mu_comm_rank(comm), i + round) >> 8);
            }
            mu_sum_reduce(&sum, comm);
            for (size_t i = 0; i < sizes[k] && mu_comm_rank(comm) == 0; i++) {
                int64_t expected = 0;
                for (int rank = 0; rank < mu_comm_size(comm); rank++) {
                    expected += (int64_t)(pattern(rank, i + round) >> 8);
                }
                CHECK(sum.mine[i] == expected);
            }
        }
        mu_sum_free(&sum, comm);
        CHECK(sum.mine == NULL);
    }
}

/* The way in which evaluations use it: every number comes from one rank. 0.1 has no exact double, and must come back as
 * the same one. */
static void numbers_of_one_rank_each_come_through_a_sum_of_doubles(void **state) {
    (void)state;
    double data[100] = {0};
    for (size_t i = 0; i < 100; i++) {
        if (i % (size_t)mu_comm_size(comm) == (size_t)mu_comm_rank(comm)) {
            data[i] = 0.1 * (double)(i + 1);
        }
    }
    mu_comm_sum_f64(comm, data, 100);
    for (size_t i = 0; i < 100 && mu_comm_rank(comm) == 0; i++) {
        CHECK(data[i] == 0.1 * (double)(i + 1));
    }
}

static void gathered_bytes_are_in_the_order_of_the_ranks(void **state) {
    (void)state;
    const uint64_t mine[3] = {pattern(mu_comm_rank(comm), 0), pattern(mu_comm_rank(comm), 1),
                              pattern(mu_comm_rank(comm), 2)};
    uint64_t all[3 * 64] = {0};
    mu_comm_gather(comm, mine, sizeof mine, all);
    for (int rank = 0; rank < mu_comm_size(comm) && mu_comm_rank(comm) == 0; rank++) {
        for (size_t i = 0; i < 3; i++) {
            CHECK(all[3 * (size_t)rank + i] == pattern(rank, i));
        }
    }
    CHECK(all[3 * (size_t)mu_comm_size(comm)] == 0); /* and nothing beyond */
    mu_comm_barrier(comm);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_on_success_leaves_no_error),
        cmocka_unit_test(one_failure_reaches_everybody),
        cmocka_unit_test(the_lowest_failing_rank_is_heard),
        cmocka_unit_test(a_broadcast_is_rank_0s_bytes),
        cmocka_unit_test(sums_of_integers_are_exact),
        cmocka_unit_test(kept_accumulators_are_summed_again_and_again),
        cmocka_unit_test(numbers_of_one_rank_each_come_through_a_sum_of_doubles),
        cmocka_unit_test(gathered_bytes_are_in_the_order_of_the_ranks),
    };
    RUN_ON_RANKS(argc, argv, tests);
}
