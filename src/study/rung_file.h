/* Where a point stood at each rung that it has come to: rungs.json in its directory. What it is compared by there is in
 * its summary, which is gone once the point goes on. */
#ifndef MUSTER_STUDY_RUNG_FILE_H
#define MUSTER_STUDY_RUNG_FILE_H

#include "muster/base/err.h"
#include "muster/study/rungs.h"

/* What points are compared by, as in the options; the metrics' names end with a NULL. */
enum mu_rung_metric { MU_RUNG_ACCURACY, MU_RUNG_TEST_LOSS, MU_RUNG_TRAIN_LOSS };
extern const char *const mu_rung_metrics[];

/* Notes where the point, whose directory is `place`, stands at rung `rung` now. A rung is noted once: a run that was
 * started anew has the same numbers. */
int mu_rung_file_note(const char *place, size_t rung, struct mu_err *err);

/* How many rungs are noted. */
size_t mu_rung_file_count(const char *place);

/* Reads at most `most` rungs; returns how many there were. */
size_t mu_rung_file_read(const char *place, int metric, size_t most, struct mu_standing *at);

/* Where the point stands at its end; false if it has not ended. */
bool mu_rung_file_end(const char *place, int metric, struct mu_standing *end);

#endif
