/* What a run says while it goes on. */
#include <inttypes.h>
#include <math.h>

#include "recorder.h"

/* "accuracy 0.842" where there is one, else the loss. */
static void describe(const struct mu_evaluation *e, char text[static 64]) {
    if (isfinite(e->test_accuracy)) {
        snprintf(text, 64, "accuracy %.4f", e->test_accuracy);
    } else if (isfinite(e->test_loss)) {
        snprintf(text, 64, "loss %.6g", e->test_loss);
    } else {
        snprintf(text, 64, "train loss %.6g", e->train_loss);
    }
}

void mu_progress_show(const struct mu_recorder *recorder, const struct mu_evaluation *e) {
    if (recorder->progress == MU_PROGRESS_QUIET) {
        return;
    }
    char score[64], of[32] = "", eta[32] = "";
    describe(e, score);
    const int64_t steps = recorder->scenario->stop.steps;
    const double wall = recorder->so_far.last_wall_s;
    if (steps != MU_UNSET) {
        snprintf(of, sizeof of, "/%" PRId64, steps);
        if (e->step > 0) {
            snprintf(eta, sizeof eta, ", ETA %.0f s", wall / (double)e->step * (double)(steps - (int64_t)e->step));
        }
    }
    const double pace = wall > 0 ? (double)e->updates / wall : 0;
    const bool live = recorder->progress == MU_PROGRESS_LIVE;
    printf("%sstep %" PRIu64 "%s, time %.6g s, %s, %.0f updates/s%s%s", live ? "\r\033[K" : "", e->step, of,
           (double)e->time_ns / (double)MU_SECOND, score, pace, eta, live ? "" : "\n");
    fflush(stdout);
}

void mu_progress_done(const struct mu_recorder *recorder) {
    if (recorder->progress == MU_PROGRESS_LIVE) {
        putchar('\n');
    }
}
