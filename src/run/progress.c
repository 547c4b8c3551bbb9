/* What a run says while it goes on. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "muster/base/sparkline.h"
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

/* The score that `describe` names. */
static double score_of(const struct mu_evaluation *e) {
    return isfinite(e->test_accuracy) ? e->test_accuracy : isfinite(e->test_loss) ? e->test_loss : e->train_loss;
}

static void remember(struct mu_recorder *recorder, double score) {
    if (!isfinite(score)) {
        return;
    }
    if (recorder->n_trend == MU_TREND) {
        memmove(recorder->trend, recorder->trend + 1, (MU_TREND - 1) * sizeof *recorder->trend);
        recorder->n_trend--;
    }
    recorder->trend[recorder->n_trend++] = score;
}

void mu_progress_show(struct mu_recorder *recorder, const struct mu_evaluation *e) {
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
    char line[256];
    const int length = snprintf(line, sizeof line, "step %" PRIu64 "%s, time %.6g s, %s, %.0f updates/s%s", e->step, of,
                                (double)e->time_ns / (double)MU_SECOND, score, pace, eta);
    printf("%s%s%s", live ? "\r\033[K" : "", line, live ? "" : "\n");
    if (live) {
        /* A line that wraps cannot be rewritten: a space, and none in the last column. */
        const size_t width = mu_terminal_width(), used = (size_t)length + 2;
        remember(recorder, score_of(e));
        if (mu_sparkline_shows() && width > used) {
            char blocks[MU_TREND * MU_SPARKLINE_BYTES + 1];
            const size_t cells = width - used < MU_TREND ? width - used : MU_TREND;
            printf(" %s", mu_sparkline(recorder->n_trend, recorder->trend, cells, blocks));
        }
    }
    fflush(stdout);
}

void mu_progress_done(const struct mu_recorder *recorder) {
    if (recorder->progress == MU_PROGRESS_LIVE) {
        putchar('\n');
    }
}
