/* Whose turn it is. Groups of ranks take the next leg of a point each, the longest point first. Whose it is, is decided
 * by who makes its file in DIR/.claims first: no rank has to answer questions while it trains, and the order in which
 * points are done has no say in their results. */
#ifndef MUSTER_STUDY_TURNS_H
#define MUSTER_STUDY_TURNS_H

#include "stopping.h"

/* The part of a point's run that a group has taken. */
struct mu_leg {
    size_t turn, leg;
};

struct mu_turns;

/* Borrows the plan and the directory's name. */
int mu_turns_new(struct mu_turns **turns, const struct cJSON *plan, const char *directory, struct mu_err *err);
void mu_turns_free(struct mu_turns *turns);

/* Takes the next leg. WAIT: none can be run now, but perhaps later; OVER: none will be any more. */
enum mu_turn mu_turns_take(struct mu_turns *turns, struct mu_leg *leg);

/* The point of a turn, of the plan, and where a leg is laid aside. */
const struct cJSON *mu_turns_point(const struct mu_turns *turns, size_t turn);
struct mu_pause mu_turns_pause(const struct mu_turns *turns, struct mu_leg leg);

/* Whether an earlier sweep came to the end of the leg already. */
bool mu_turns_passed(struct mu_turns *turns, struct mu_leg leg);

/* Says that the point has come to its rung; `ran`: just now, so that it is to be noted where it stands. */
int mu_turns_rest(struct mu_turns *turns, struct mu_leg leg, bool ran, struct mu_err *err);

/* Says that the point has ended, if others may wait for it, and that it is skipped, if it is: in DIR/.claims, where
 * mu_watch looks for what is stopped or skipped. */
void mu_turns_end(struct mu_turns *turns, struct mu_leg leg, bool failed);

/* Whether DIR/.claims has the file of a point, or group: "done", "stopped", "skipped", ... */
bool mu_turns_claimed(const char *directory, const char *what, size_t number);

/* Says that a group has nothing left to do; whether it has said so. */
void mu_turns_leave(struct mu_turns *turns, size_t group);
bool mu_turns_left(const struct mu_turns *turns, size_t group);

#endif
