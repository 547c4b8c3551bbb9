/* Runs with any number of ranks, and again without MPI. */
#include "support_mpi.h"

static int expected_size = 1;

static void the_ranks_are_those_that_mpirun_started(void **state) {
    (void)state;
    CHECK(mu_comm_size(comm) == expected_size);
    CHECK(mu_comm_rank(comm) >= 0 && mu_comm_rank(comm) < mu_comm_size(comm));
}

/* These tests run on one machine. */
static void all_ranks_share_one_host_and_one_of_them_leads_it(void **state) {
    (void)state;
    CHECK(mu_comm_hosts(comm) == 1);
    CHECK(mu_comm_host_size(comm) == mu_comm_size(comm));
    int64_t leaders = mu_comm_leads_host(comm) ? 1 : 0;
    mu_comm_sum_i64(comm, &leaders, 1);
    CHECK(mu_comm_rank(comm) > 0 || leaders == 1);
    CHECK(mu_comm_leads_host(comm) == (mu_comm_rank(comm) == 0));
}

/* Odd ranks apart from even ones: sums stay in the group, and the world still works beside it and afterwards. */
static void parts_of_the_ranks_work_on_their_own(void **state) {
    (void)state;
    const int rank = mu_comm_rank(comm), size = mu_comm_size(comm), color = rank % 2;
    const int members = (size + 1 - color) / 2;
    struct mu_comm *part = mu_comm_split(comm, color);
    CHECK(part != NULL && mu_comm_size(part) == members && mu_comm_rank(part) == rank / 2);
    int64_t sum = rank, expected = 0;
    for (int r = color; r < size; r += 2) {
        expected += r;
    }
    mu_comm_sum_i64(part, &sum, 1);
    CHECK(mu_comm_rank(part) > 0 || sum == expected);
    struct mu_shared block;
    struct mu_err err = {0};
    CHECK(mu_comm_share(part, sizeof(int), &block, &err) == MU_OK);
    if (block.leader) {
        *(int *)block.data = 7 + color;
    }
    mu_comm_shared_ready(part, &block);
    CHECK(*(int *)block.data == 7 + color);
    mu_comm_unshare(part, &block);
    mu_comm_stop(part);
    int64_t all = 1;
    mu_comm_sum_i64(comm, &all, 1);
    CHECK(rank > 0 || all == size);
}

static void the_library_has_a_name(void **state) {
    (void)state;
    CHECK(strncmp(mu_comm_library(), "Open MPI 4.", 11) == 0 || strncmp(mu_comm_library(), "Open MPI 5.", 11) == 0);
}

static void a_launcher_shows_in_the_environment(void **state) {
    (void)state;
    static const char *const marks[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
    char *before[3];
    for (size_t i = 0; i < 3; i++) {
        const char *const value = getenv(marks[i]);
        before[i] = value != NULL ? strdup(value) : NULL;
        unsetenv(marks[i]);
    }
    CHECK(!mu_comm_launched());
    for (size_t i = 0; i < 3; i++) {
        setenv(marks[i], "0", 1);
        CHECK(mu_comm_launched());
        unsetenv(marks[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        if (before[i] != NULL) {
            setenv(marks[i], before[i], 1);
            free(before[i]);
        }
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ranks_are_those_that_mpirun_started),
        cmocka_unit_test(all_ranks_share_one_host_and_one_of_them_leads_it),
        cmocka_unit_test(parts_of_the_ranks_work_on_their_own),
        cmocka_unit_test(the_library_has_a_name),
        cmocka_unit_test(a_launcher_shows_in_the_environment),
    };
    mu_comm_stop(NULL);
    comm = mu_comm_start(&argc, &argv);
    expected_size = argc > 1 ? atoi(argv[1]) : 1;
    const int failed = cmocka_run_group_tests_name("ranks", tests, NULL, NULL);
    mu_comm_stop(comm);
    comm = mu_comm_solo();
    expected_size = 1;
    const int failed_solo = cmocka_run_group_tests_name("solo", tests, NULL, NULL);
    mu_comm_stop(comm);
    return failed + failed_solo;
}
