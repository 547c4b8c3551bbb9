/* Messages that hold up nobody, and waits that end. With any number of ranks, and again without MPI. */
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "support_mpi.h"

enum { LARGE = 3 << 20 }; /* far above what MPI takes in without a receiver */

static unsigned char *large;

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* All ranks post large messages to all others before anyone receives: with mu_comm_send they would wait for each other
 * for ever. The pieces arrive as one message, and the data may be reused at once. */
static void everyone_may_post_to_everyone_at_once(void **state) {
    (void)state;
    const int me = mu_comm_rank(comm), size = mu_comm_size(comm);
    large = malloc(LARGE);
    for (int to = 0; to < size; to++) {
        if (to == me) {
            continue;
        }
        const int64_t head[2] = {me, to};
        memset(large, me + 1, LARGE);
        mu_comm_post(comm, to, 2, (const struct mu_span[]){{head, sizeof head}, {large, LARGE}});
        memset(large, 0, LARGE);
    }
    for (int k = 0; k < size - 1; k++) {
        int from = -1;
        const void *data = NULL;
        size_t bytes = 0;
        mu_comm_wait(comm, &from, &data, &bytes);
        int64_t head[2];
        CHECK(bytes == sizeof head + LARGE);
        memcpy(head, data, sizeof head);
        CHECK(head[0] == from && head[1] == me);
        const unsigned char *body = (const unsigned char *)data + sizeof head;
        CHECK(body[0] == from + 1 && body[LARGE - 1] == from + 1);
    }
    free(large);
    mu_comm_barrier(comm);
}

static void posted_and_sent_messages_keep_their_order(void **state) {
    (void)state;
    enum { N = 200 };
    if (mu_comm_rank(comm) > 0) {
        for (int i = 0; i < N; i++) {
            if (i % 3 == 0) {
                mu_comm_send(comm, 0, &i, sizeof i);
            } else {
                mu_comm_post(comm, 0, 1, &(struct mu_span){&i, sizeof i});
            }
        }
    } else {
        int next[64] = {0};
        for (int k = 0; k < N * (mu_comm_size(comm) - 1); k++) {
            int from = 0, i = -1;
            const void *data = NULL;
            size_t bytes = 0;
            mu_comm_wait(comm, &from, &data, &bytes);
            memcpy(&i, data, sizeof i);
            CHECK(i == next[from]++);
        }
    }
    mu_comm_barrier(comm);
}

static void a_wait_ends_at_its_time_and_leaves_the_core_alone(void **state) {
    (void)state;
    const void *data = NULL;
    size_t bytes = 0;
    mu_comm_barrier(comm);
    const uint64_t start = mu_comm_clock_ns(), until = start + 200000000;
    const double cpu = cpu_s();
    CHECK(!mu_comm_wait_until(comm, until, NULL, &data, &bytes));
    CHECK(mu_comm_clock_ns() >= until);
    CHECK(cpu_s() - cpu < 0.05); /* a quarter of the time; 0.004 s were measured, and a spin takes 0.2 */
    mu_comm_barrier(comm);
}

static void a_message_ends_a_wait(void **state) {
    (void)state;
    const int last = mu_comm_size(comm) - 1;
    if (last > 0 && mu_comm_rank(comm) == last) {
        usleep(20000);
        mu_comm_post(comm, 0, 1, &(struct mu_span){"x", 1});
    } else if (last > 0 && mu_comm_rank(comm) == 0) {
        const void *data = NULL;
        size_t bytes = 0;
        int from = -1;
        const uint64_t until = mu_comm_clock_ns() + UINT64_C(20000000000);
        CHECK(mu_comm_wait_until(comm, until, &from, &data, &bytes));
        CHECK(mu_comm_clock_ns() < until && from == last && bytes == 1);
    }
    mu_comm_barrier(comm);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everyone_may_post_to_everyone_at_once),
        cmocka_unit_test(posted_and_sent_messages_keep_their_order),
        cmocka_unit_test(a_wait_ends_at_its_time_and_leaves_the_core_alone),
        cmocka_unit_test(a_message_ends_a_wait),
    };
    RUN_ON_RANKS(argc, argv, tests);
}
