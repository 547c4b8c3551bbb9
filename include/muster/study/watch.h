/* What is going on in a study, for whoever shows it: read from the directories of its points alone, by a thread of its
 * own, so that no run has to say anything, and the view moves while points train. */
#ifndef MUSTER_STUDY_WATCH_H
#define MUSTER_STUDY_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

enum { MU_WATCH_SHOWN = 8, MU_WATCH_TREND = 24, MU_WATCH_LINES = 4096 };

/* A point that runs. */
struct mu_watch_point {
    const char *name;
    double step, steps; /* steps is NAN if the config does not say how many there are */
    size_t n;
    double trend[MU_WATCH_TREND]; /* the last scores; a score is an accuracy, or a loss if the task has none */
};

struct mu_watch_view {
    bool ended; /* the study has */
    size_t points, done, failed, running;
    size_t stopped, skipped; /* early, and by a search */
    double eta_s;            /* NAN while there is nothing to go by */
    bool loss;               /* scores are losses, the less the better */
    double best;             /* of the scores below, NAN if there are none */
    size_t n_best;
    double bests[MU_WATCH_TREND]; /* the best scores of the points that were last to be done, in that order */
    size_t n_shown;
    struct mu_watch_point shown[MU_WATCH_SHOWN]; /* some of those that run, in the order of the plan */
};

typedef void mu_watch_show(void *context, const struct mu_watch_view *view);

struct mu_watch;

/* `plan` and `directory` are borrowed. Points that have ended already count as done, but not for the ETA. */
int mu_watch_new(struct mu_watch **watch, const struct cJSON *plan, const char *directory, struct mu_err *err);
void mu_watch_free(struct mu_watch *watch); /* stops it; NULL is allowed */

/* Looks at the points that have not ended, now. `view` is good until the next look. */
const struct mu_watch_view *mu_watch_look(struct mu_watch *watch);

/* Looks four times a second, or seldom enough to take 2 % of a core, and calls `show` from a thread of its own, which
 * calls nothing of MPI. Stopping it calls `show` a last time, with `ended`. */
int mu_watch_start(struct mu_watch *watch, mu_watch_show *show, void *context, struct mu_err *err);
void mu_watch_stop(struct mu_watch *watch);

/* The view as text. On a terminal: a line about the study, with the sparkline of the best scores, and a line for each
 * point shown, with that of its own, none of them longer than width - 1; returns their number. `width` 0: one plain
 * line. Without `blocks` there are no sparklines. Lines end in \n but for the last. */
size_t mu_watch_text(const struct mu_watch_view *view, size_t width, bool blocks, char text[static MU_WATCH_LINES]);

/* ", 2 failed, 3 stopped early, 1 passed over by the search", as far as there are some. Returns `text`. */
enum { MU_WATCH_OTHERS = 160 };
const char *mu_watch_others(size_t failed, size_t stopped, size_t skipped, char text[static MU_WATCH_OTHERS]);

#endif
