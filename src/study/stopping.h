/* Early stopping and search: which points of a study need not be run to their end, or at all.
 *
 * With rungs, a point is run in legs: to the first rung, from there to the next, and so on. It waits at a rung until
 * all points of its class are there, or have ended; then who goes on is decided from where they stand. With a search,
 * the points of a class are candidates: each is run only once all before it have diverged. Either way a decision is a
 * function of results that do not depend on who ran when, so it is the same on any number of ranks and after any number
 * of resumes; and every group of ranks can make it for itself. */
#ifndef MUSTER_STUDY_STOPPING_H
#define MUSTER_STUDY_STOPPING_H

#include "muster/run/scenario.h"
#include "muster/study/plan.h"

struct cJSON;

/* The sweep file's "early_stopping". */
struct mu_early_stopping {
    struct mu_divergence_config diverged; /* for every point; evaluations MU_UNSET: each has its own */
    struct mu_reals rungs;                /* ascending; none: no early stopping by comparison */
    int by;                               /* enum mu_rung_unit */
    double eta;                           /* NAN: no halving */
    bool dominated;
    int metric; /* enum mu_rung_metric */
    int among;  /* enum mu_among */
};
enum mu_rung_unit { MU_RUNG_STEPS, MU_RUNG_UPDATES, MU_RUNG_TIME };
enum mu_among { MU_AMONG_SCENARIO, MU_AMONG_STRATEGY, MU_AMONG_SEED };

/* --- For the plan (stopping_plan.c). --- */

/* The sweep's "early_stopping" with its defaults filled in, NULL if there is none; the caller's to cJSON_Delete. A
 * sweep that has it and a search together is refused if there are rungs. */
int mu_stopping_read(const struct cJSON *sweep, const char *file, struct cJSON **options, struct mu_err *err);

/* Puts the rule of divergence into a point's config, before it is checked. */
void mu_stopping_patch(const struct cJSON *options, bool search, struct cJSON *config);

/* Whether the point can be laid aside at rungs, if there are any. */
int mu_stopping_check(const struct cJSON *options, const struct mu_scenario *scenario, const char *file,
                      struct mu_err *err);

/* Takes the options into the plan, and gives each of its points the "class" of those that it is compared with. `search`
 * is the pointer that is searched along, or NULL. */
void mu_stopping_annotate(struct cJSON *plan, struct cJSON *options, const char *search);

/* --- For the schedule and for collecting (stopping.c). --- */

struct mu_stopping;

/* Whether a leg of a point has ended in this sweep; NULL: what is on the disk is what there is. */
typedef bool (*mu_settled)(const void *context, size_t point, size_t leg);

/* Borrows all but err. */
int mu_stopping_new(struct mu_stopping **stopping, const struct cJSON *plan, const char *directory, mu_settled settled,
                    const void *context, struct mu_err *err);
void mu_stopping_free(struct mu_stopping *stopping);

/* Of every point; at least 1. */
size_t mu_stopping_legs(const struct mu_stopping *stopping);

/* Whether the turn of a point can depend on how another one ended. */
bool mu_stopping_waits(const struct mu_stopping *stopping);

/* Where a leg is laid aside; nowhere at the last. */
struct mu_pause mu_stopping_pause(const struct mu_stopping *stopping, size_t leg);

/* Before a series of questions: what has not been there since the last call is looked for again. */
void mu_stopping_look(struct mu_stopping *stopping);

/* Whether a leg can be run now. OVER: never, it has ended or is not to be run. */
enum mu_turn { MU_TURN_NOW, MU_TURN_WAIT, MU_TURN_OVER };
enum mu_turn mu_stopping_turn(struct mu_stopping *stopping, size_t point, size_t leg);

/* Whether an earlier sweep has brought the point to the end of this leg, or past it. */
bool mu_stopping_passed(struct mu_stopping *stopping, size_t point, size_t leg);

/* Notes where a point stands at the end of a leg, from its summary, in rungs.json of its directory. */
int mu_stopping_note(struct mu_stopping *stopping, size_t point, size_t leg, struct mu_err *err);

/* What has become of a point. */
enum mu_outcome {
    MU_OUTCOME_RUN,       /* what its directory says */
    MU_OUTCOME_STOPPED,   /* at a rung */
    MU_OUTCOME_KEPT,      /* the candidate that its search has settled on */
    MU_OUTCOME_REJECTED,  /* a candidate that diverged; there was another one */
    MU_OUTCOME_EXHAUSTED, /* the last candidate, which diverged as well */
    MU_OUTCOME_SKIPPED,   /* one that did not have to be tried */
};
enum mu_outcome mu_stopping_outcome(struct mu_stopping *stopping, size_t point);

/* Whether the point is under privacy, and was selected, or may have been stopped, by what its epsilon does not
 * include. */
bool mu_stopping_not_private(const struct mu_stopping *stopping, size_t point);

/* Adds the columns of points.csv that tell so: "search", "stopped_by", "stopped_at", "note", as far as the plan can
 * have them. */
void mu_stopping_describe(struct mu_stopping *stopping, size_t point, struct cJSON *row);

#endif
