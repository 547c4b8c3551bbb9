/* A crew: processes of one host that share the points of a study as ranks do, but without MPI, whose start and end take
 * as long as a small point. What has been loaded before the crew starts is there once for all of them. */
#ifndef MUSTER_STUDY_CREW_H
#define MUSTER_STUDY_CREW_H

#include <stdbool.h>

#include "muster/base/err.h"
#include "turns.h"

struct mu_crew;

/* Forks size - 1 processes. Each calls work(context, member) with its number, 1 to size - 1, and exits; they are killed
 * when the caller dies, who is member 0. MU_RANK_FAILED if there is no process or memory to be had. */
int mu_crew_start(struct mu_crew **crew, int size, void (*work)(void *context, int member), void *context,
                  struct mu_err *err);

/* Member 0: ends those that are left at once. NULL is allowed. */
void mu_crew_free(struct mu_crew *crew);

/* What a member is at, for the case that it dies. */
void mu_crew_begin(struct mu_crew *crew, int member, struct mu_leg leg);
void mu_crew_end(struct mu_crew *crew, int member);

/* Any member asks all of them to stop in good order; whether that was asked. */
void mu_crew_stop(struct mu_crew *crew);
bool mu_crew_stops(const struct mu_crew *crew);

/* A member that has died. */
struct mu_lost {
    struct mu_err how;
    bool busy;         /* it was at a leg: */
    struct mu_leg leg; /* this one */
};

/* Member 0: whether a member has died that was not reported yet. */
bool mu_crew_lost(struct mu_crew *crew, struct mu_lost *lost);

/* Member 0: how many of the others have neither left nor been reported as lost. */
int mu_crew_left(const struct mu_crew *crew);

#endif
