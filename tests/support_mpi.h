/* Tests that run under mpirun. A failed check ends all ranks at once: a rank that left a test on its own would keep the
 * others waiting in a collective until the timeout. */
#ifndef MUSTER_TESTS_SUPPORT_MPI_H
#define MUSTER_TESTS_SUPPORT_MPI_H

#include "support.h"

#include "muster/comm/comm.h"

/* The communicator of the program, made in main. */
static struct mu_comm *comm;

#define CHECK(condition)                                                                                         \
    do {                                                                                                         \
        if (!(condition)) {                                                                                      \
            fprintf(stderr, "%s:%d: rank %d: failed: %s\n", __FILE__, __LINE__, mu_comm_rank(comm), #condition); \
            mu_comm_abort(comm, 1);                                                                              \
        }                                                                                                        \
    } while (0)

/* The body of main: runs the tests on all ranks, then once more on a communicator without MPI. */
#define RUN_ON_RANKS(argc, argv, tests)                                                  \
    do {                                                                                 \
        comm = mu_comm_start(&(argc), &(argv));                                          \
        const int failed_ = cmocka_run_group_tests_name("ranks", tests, NULL, NULL);     \
        mu_comm_stop(comm);                                                              \
        comm = mu_comm_solo();                                                           \
        const int failed_solo_ = cmocka_run_group_tests_name("solo", tests, NULL, NULL); \
        mu_comm_stop(comm);                                                              \
        return failed_ + failed_solo_;                                                   \
    } while (0)

#endif
