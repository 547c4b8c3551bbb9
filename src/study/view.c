/* A study under way, in words and sparklines. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "muster/base/sparkline.h"
#include "muster/study/watch.h"

/* A line that wraps could not be rewritten. */
struct line {
    char *text;
    size_t n, width; /* width: columns that are left */
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t n = strlen(text);
    n = n < line->width ? n : line->width;
    memcpy(line->text + line->n, text, n);
    line->n += n;
    line->width -= n;
    line->text[line->n] = '\0';
}

static void add_blocks(struct line *line, size_t n, const double *x, bool blocks) {
    char text[MU_WATCH_TREND * MU_SPARKLINE_BYTES + 1];
    if (!blocks || n == 0 || line->width < 2) {
        return;
    }
    add(line, " ");
    const size_t cells = line->width < MU_WATCH_TREND ? line->width : MU_WATCH_TREND;
    mu_sparkline(n, x, cells, text);
    memcpy(line->text + line->n, text, strlen(text) + 1);
    line->n += strlen(text);
    line->width = 0;
}

static const char *word(const struct mu_watch_view *view) {
    return view->loss ? "loss" : "accuracy";
}

static void add_time(struct line *line, double seconds) {
    if (seconds < 120) {
        add(line, ", ETA %.0f s", seconds);
    } else if (seconds < 7200) {
        add(line, ", ETA %.0f min", seconds / 60);
    } else {
        add(line, ", ETA %.1f h", seconds / 3600);
    }
}

const char *mu_watch_others(size_t failed, size_t stopped, size_t skipped, char text[static MU_WATCH_OTHERS]) {
    const size_t counts[] = {failed, stopped, skipped};
    static const char *const words[] = {"failed", "stopped early", "passed over by the search"};
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i] > 0) {
            n += (size_t)snprintf(text + n, MU_WATCH_OTHERS - n, ", %zu %s", counts[i], words[i]);
        }
    }
    return text;
}

static void add_study(struct line *line, const struct mu_watch_view *view, bool blocks) {
    add(line, "%zu of %zu points done", view->done, view->points);
    if (view->running > 0 && !view->ended) {
        add(line, ", %zu running", view->running);
    }
    char others[MU_WATCH_OTHERS];
    add(line, "%s", mu_watch_others(view->failed, view->stopped, view->skipped, others));
    if (!view->ended && isfinite(view->eta_s)) {
        add_time(line, view->eta_s);
    }
    if (isfinite(view->best)) {
        add(line, view->loss ? ", best loss %.6g" : ", best accuracy %.4f", view->best);
    }
    add_blocks(line, view->n_best, view->bests, blocks);
}

static void add_point(struct line *line, const struct mu_watch_view *view, const struct mu_watch_point *point,
                      bool blocks) {
    add(line, "  %s: step %.0f", point->name, point->step);
    if (isfinite(point->steps)) {
        add(line, "/%.0f", point->steps);
    }
    if (point->n > 0) {
        add(line, view->loss ? ", %s %.6g" : ", %s %.4f", word(view), point->trend[point->n - 1]);
    }
    add_blocks(line, point->n, point->trend, blocks);
}

size_t mu_watch_text(const struct mu_watch_view *view, size_t width, bool blocks, char text[static MU_WATCH_LINES]) {
    /* Blocks take three bytes a column, so that many lines of this width have room. */
    const size_t most = MU_WATCH_LINES / (MU_WATCH_SHOWN + 1) - 2 * MU_WATCH_TREND - 2;
    const size_t columns = width == 0 || width - 1 > most ? most : width - 1;
    struct line line = {.text = text, .width = columns};
    add_study(&line, view, blocks && width > 0);
    size_t lines = 1;
    for (size_t i = 0; i < view->n_shown && width > 0 && !view->ended; i++, lines++) {
        line.text[line.n++] = '\n';
        line.width = columns;
        add_point(&line, view, &view->shown[i], blocks);
    }
    return lines;
}
