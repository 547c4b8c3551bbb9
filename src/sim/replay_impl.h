/* What the engine asks of a trace that it follows. */
#ifndef MUSTER_SIM_REPLAY_IMPL_H
#define MUSTER_SIM_REPLAY_IMPL_H

#include "sim_impl.h"

/* The next event, checked against the run; it stays the next one until sim->events has gone up. */
int mu_replay_next(struct mu_sim *sim, struct mu_event *event);

/* The event happens now: the timer that was set for it is gone. */
void mu_replay_take(struct mu_sim *sim, const struct mu_event *event);

/* Whether the trace has the job's arrival or loss; the numbers of others are of no use. */
bool mu_replay_arrives(const struct mu_replay *replay, mu_job job);

/* Tells the observer what is about to happen. */
int mu_replay_record(struct mu_sim *sim, const struct mu_event *event);

#endif
