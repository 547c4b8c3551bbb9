/* What a run says while it goes on. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* The variables that decide on the character set, in their order (POSIX, "Internationalization Variables"). */
static bool shows_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *const value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL || strstr(value, "UTF8") != NULL;
        }
    }
    return false;
}

/* A line that wraps cannot be rewritten. A rank of mpirun has no terminal of its own: 80 is what one has at least. */
static size_t terminal_width(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The last `cells` scores as blocks of eight heights, from the lowest to the highest of them. */
static void print_trend(const struct mu_recorder *recorder, size_t cells) {
    const size_t n = recorder->n_trend < cells ? recorder->n_trend : cells;
    const double *const trend = recorder->trend + recorder->n_trend - n;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, trend[i]);
        high = fmax(high, trend[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const int height = high > low ? (int)(7.999 * (trend[i] - low) / (high - low)) : 0;
        printf("%s\xe2\x96%c", i == 0 ? " " : "", (char)(0x81 + height)); /* U+2581 .. U+2588 */
    }
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
        const size_t width = terminal_width(), used = (size_t)length + 2; /* a space, and none in the last column */
        remember(recorder, score_of(e));
        if (shows_utf8() && width > used) {
            print_trend(recorder, width - used);
        }
    }
    fflush(stdout);
}

void mu_progress_done(const struct mu_recorder *recorder) {
    if (recorder->progress == MU_PROGRESS_LIVE) {
        putchar('\n');
    }
}
