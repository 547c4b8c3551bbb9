/* Runs with any number of ranks, and again without MPI. */
#include "support_mpi.h"

enum { MESSAGES = 300 };

/* Sizes that cross the limits at which Open MPI changes its protocol, and no bytes at all. */
static size_t size_of(int i) {
    static const size_t sizes[] = {0, 1, 8, 100, 4095, 4096, 5000, 40000, 3, 70000};
    return sizes[i % 10];
}

static unsigned char byte_of(int from, int i, size_t at) {
    return (unsigned char)((size_t)from * 31 + (size_t)i * 7 + at * 13);
}

static void fill(unsigned char *data, int from, int i) {
    for (size_t at = 0; at < size_of(i); at++) {
        data[at] = byte_of(from, i, at);
    }
}

/* Every other rank sends rank 0 a long row of messages of all sizes; whichever way they interleave, those of one rank
 * are in order and whole. */
static void messages_of_a_pair_of_ranks_keep_their_order(void **state) {
    (void)state;
    static unsigned char buffer[70000];
    if (mu_comm_rank(comm) > 0) {
        for (int i = 0; i < MESSAGES; i++) {
            fill(buffer, mu_comm_rank(comm), i);
            mu_comm_send(comm, 0, buffer, size_of(i));
            memset(buffer, 0, size_of(i)); /* the data may be reused on return */
        }
    } else {
        int next[64] = {0};
        for (int k = 0; k < MESSAGES * (mu_comm_size(comm) - 1); k++) {
            int from = -1;
            const void *data = NULL;
            size_t bytes = 0;
            mu_comm_wait(comm, &from, &data, &bytes);
            CHECK(from > 0 && from < mu_comm_size(comm));
            CHECK(bytes == size_of(next[from]));
            fill(buffer, from, next[from]);
            CHECK(bytes == 0 || memcmp(data, buffer, bytes) == 0);
            next[from]++;
        }
    }
    mu_comm_barrier(comm);
}

/* Rank 0 to all and back: what arrived is good until the next receive, so that it can be answered from. */
static void a_message_is_answered_from_where_it_lies(void **state) {
    (void)state;
    const void *data = NULL;
    size_t bytes = 0;
    if (mu_comm_rank(comm) > 0) {
        mu_comm_wait(comm, NULL, &data, &bytes);
        mu_comm_send(comm, 0, data, bytes);
    } else {
        for (int rank = 1; rank < mu_comm_size(comm); rank++) {
            const uint64_t number = (uint64_t)rank * 1000003;
            mu_comm_send(comm, rank, &number, sizeof number);
        }
        for (int rank = 1; rank < mu_comm_size(comm); rank++) {
            int from = 0;
            uint64_t number = 0;
            mu_comm_wait(comm, &from, &data, &bytes);
            CHECK(bytes == sizeof number);
            memcpy(&number, data, sizeof number);
            CHECK(number == (uint64_t)from * 1000003);
        }
    }
    mu_comm_barrier(comm);
}

static void nothing_is_there_when_nobody_sends(void **state) {
    (void)state;
    const void *data = NULL;
    size_t bytes = 0;
    mu_comm_barrier(comm);
    CHECK(!mu_comm_poll(comm, NULL, &data, &bytes));
    CHECK(data == NULL && bytes == 0);
    mu_comm_barrier(comm);
}

/* A sleeping receiver, past the time in which it spins, still gets the message. */
static void a_late_message_wakes_the_receiver(void **state) {
    (void)state;
    const int last = mu_comm_size(comm) - 1;
    if (last > 0 && mu_comm_rank(comm) == 0) {
        usleep(20000);
        mu_comm_send(comm, last, "x", 1);
    } else if (last > 0 && mu_comm_rank(comm) == last) {
        const void *data = NULL;
        size_t bytes = 0;
        int from = -1;
        mu_comm_wait(comm, &from, &data, &bytes);
        CHECK(from == 0 && bytes == 1 && *(const char *)data == 'x');
    }
    mu_comm_barrier(comm);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_a_pair_of_ranks_keep_their_order),
        cmocka_unit_test(a_message_is_answered_from_where_it_lies),
        cmocka_unit_test(nothing_is_there_when_nobody_sends),
        cmocka_unit_test(a_late_message_wakes_the_receiver),
    };
    RUN_ON_RANKS(argc, argv, tests);
}
