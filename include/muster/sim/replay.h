/* The trace of a run on the wall clock, read back so that a run in virtual time can follow it to the same bits, on any
 * number of ranks. It says what happened when (arrivals, losses, timers, changes of availability, the end); what the
 * strategy made of it follows. An event that does not fit the run fails it and names the line. */
#ifndef MUSTER_SIM_REPLAY_H
#define MUSTER_SIM_REPLAY_H

#include "muster/base/err.h"

struct mu_replay;

/* Reads the event records of a trace.jsonl and checks their shape and order. */
int mu_replay_new(struct mu_replay **replay, const char *path, struct mu_err *err);
void mu_replay_free(struct mu_replay *replay);

/* The word that a trace has for a happening (enum mu_happening). */
const char *mu_happening_name(int what);

#endif
