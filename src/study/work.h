/* The work of a study: a group of ranks, or a process of a crew, takes its turns until there are none left. */
#ifndef MUSTER_STUDY_WORK_H
#define MUSTER_STUDY_WORK_H

#include "crew.h"
#include "study_impl.h"
#include "turns.h"

struct mu_worker {
    const struct cJSON *plan;
    const struct mu_study_options *options;
    struct mu_comm *group;
    struct mu_turns *turns;
    struct mu_crew *crew; /* NULL: groups of ranks */
    int number;           /* of the group, or in the crew */
    bool leads;           /* its group */
    bool interrupted;
    struct mu_kept kept;
};

/* Loads the data of the first point, for a crew that is to share it. A failure shows when the point is run. */
void mu_worker_load(struct mu_worker *worker);

/* Collective over the group. */
void mu_worker_run(struct mu_worker *worker);

/* Waits until everyone has nothing left to do: on rank 0 of all, or in member 0. */
void mu_worker_await(struct mu_worker *worker, int groups);

/* Whether somebody asked to stop, here or in another process of the crew, which is passed on. */
bool mu_worker_interrupted(void *worker);

#endif
