/* Runs with any number of ranks of one host, and again without MPI. */
#include "support_mpi.h"

static void what_the_leader_writes_all_read(void **state) {
    (void)state;
    enum { N = 100003 };
    struct mu_err err = {.code = MU_OK};
    struct mu_shared block;
    CHECK(mu_comm_share(comm, N * sizeof(uint32_t), &block, &err) == MU_OK);
    CHECK(block.leader == mu_comm_leads_host(comm));
    uint32_t *const data = block.data;
    if (block.leader) {
        for (uint32_t i = 0; i < N; i++) {
            data[i] = i * i;
        }
    }
    mu_comm_shared_ready(comm, &block);
    for (uint32_t i = 0; i < N; i++) {
        CHECK(data[i] == i * i);
    }
    mu_comm_barrier(comm);
    mu_comm_unshare(comm, &block);
    CHECK(block.data == NULL && block.handle == NULL && !block.leader);
}

/* One copy per host: what the last rank writes, the first one sees. With a copy per rank this fails. */
static void there_is_one_copy(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_shared block;
    CHECK(mu_comm_share(comm, 4096, &block, &err) == MU_OK);
    volatile unsigned char *const data = block.data;
    if (mu_comm_rank(comm) == mu_comm_size(comm) - 1) {
        data[4095] = 77;
    }
    mu_comm_shared_ready(comm, &block);
    CHECK(data[4095] == 77);
    mu_comm_barrier(comm);
    mu_comm_unshare(comm, &block);
}

static void blocks_are_independent_and_may_be_empty(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_shared block[3];
    static const size_t bytes[] = {8, 0, 8};
    for (size_t i = 0; i < 3; i++) {
        CHECK(mu_comm_share(comm, bytes[i], &block[i], &err) == MU_OK);
    }
    if (block[0].leader) {
        *(uint64_t *)block[0].data = 1;
        *(uint64_t *)block[2].data = 2;
    }
    for (size_t i = 0; i < 3; i++) {
        mu_comm_shared_ready(comm, &block[i]);
    }
    CHECK(*(const uint64_t *)block[0].data == 1 && *(const uint64_t *)block[2].data == 2);
    mu_comm_barrier(comm);
    for (size_t i = 0; i < 3; i++) {
        mu_comm_unshare(comm, &block[2 - i]);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_leader_writes_all_read),
        cmocka_unit_test(there_is_one_copy),
        cmocka_unit_test(blocks_are_independent_and_may_be_empty),
    };
    RUN_ON_RANKS(argc, argv, tests);
}
