/* Figures for a paper, drawn by gnuplot, which does not have to be there for anything else. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cJSON.h>

#include "frontier.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "report_impl.h"

struct figure {
    const struct mu_report *report;
    FILE *script; /* what gnuplot reads */
    const char *directory;
    enum mu_figure_format format;
    size_t drawn;
    struct mu_frontier_point *point; /* scratch, one per run */
};

enum { SERIES = 12 }; /* more lines cannot be told apart in print */

/* gnuplot's double quotes know escapes; its single ones only a doubled quote. */
static void print_quoted(FILE *out, const char *text) {
    putc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            putc('\'', out);
        }
        putc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    putc('\'', out);
}

static void begin_figure(struct figure *f, const char *name, const char *x, const char *y, int height) {
    char path[4400];
    const char *const suffix = f->format == MU_FIGURE_PNG ? "png" : "svg";
    fprintf(f->script, "reset\nset terminal %s size %d,%d %s\nset output ",
            f->format == MU_FIGURE_PNG ? "pngcairo" : "svg", f->format == MU_FIGURE_PNG ? 1400 : 700,
            f->format == MU_FIGURE_PNG ? 2 * height : height,
            f->format == MU_FIGURE_PNG ? "font 'sans,20' linewidth 2" : "font 'sans,11' dynamic background '#ffffff'");
    snprintf(path, sizeof path, "%s/%s.%s", f->directory, name, suffix);
    print_quoted(f->script, path);
    fprintf(f->script, "\nset xlabel '%s'\nset ylabel '%s'\nset border 3\nset tics nomirror out\n", x, y);
    fprintf(f->script, "set grid lc rgb '#dddddd' lt 1\nset key tmargin center horizontal noenhanced\n");
    fprintf(f->script, "set style fill transparent solid 0.15 noborder\n");
    /* Okabe and Ito's palette, which colour-blind readers can tell apart. */
    static const char *const colour[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
    for (int i = 0; i < SERIES; i++) {
        fprintf(f->script, "set linetype %d lc rgb '%s' lw 1.5 dt %d pt %d\n", i + 1, colour[i % 7], 1 + i / 7, i + 4);
    }
    f->drawn++;
}

static size_t first_of_group(const struct mu_report *report, size_t group) {
    size_t i = 0;
    while (i < report->n - 1 && report->axes.group[i] != group) {
        i++;
    }
    return i;
}

/* A world without durations takes no simulated time, or a nanosecond an event: then steps it is. */
static const char *choose_x(const struct mu_report *report) {
    for (size_t i = 0; i < report->n; i++) {
        const struct mu_table *m = &report->run[i].metrics;
        const double *time = mu_table_get(m, "time_s");
        if (time != NULL && m->rows > 0 && time[m->rows - 1] > time[0] + 1e-5) {
            return "time_s";
        }
    }
    return "step";
}

static void draw_curves(struct figure *f, struct mu_band *band, const char *name, const char *y, const char *label) {
    size_t group[SERIES], n = 0;
    bool spread = false;
    const char *const x = choose_x(f->report);
    for (size_t g = 0; g < f->report->axes.groups && n < SERIES; g++) {
        if (!mu_report_band(f->report, g, x, y, band)) {
            continue;
        }
        spread = spread || band->runs > 1;
        fprintf(f->script, "$%s%zu << EOD\n", name, n);
        for (size_t p = 0; p < band->n; p++) {
            fprintf(f->script, "%.9g %.9g %.9g %.9g\n", band->x[p], band->mean[p], band->low[p], band->high[p]);
        }
        fprintf(f->script, "EOD\n");
        group[n++] = g;
    }
    if (n == 0) {
        return;
    }
    begin_figure(f, name, strcmp(x, "step") == 0 ? x : "simulated time (s)", label, 420);
    fprintf(f->script, "plot ");
    for (size_t i = 0; i < n; i++) {
        char title[256];
        mu_report_label(f->report, first_of_group(f->report, group[i]), title);
        if (spread) {
            fprintf(f->script, "$%s%zu using 1:3:4 with filledcurves lt %zu notitle, ", name, i, i + 1);
        }
        fprintf(f->script, "$%s%zu using 1:2 with lines lt %zu title ", name, i, i + 1);
        print_quoted(f->script, title);
        fputs(i + 1 < n ? ", " : "\n", f->script);
    }
    fprintf(f->script, "unset output\n");
}

/* A colour per family: its runs as points, and a line through the means of its configurations that none of it beats. */
static void draw_frontier(struct figure *f) {
    struct mu_frontier_point *point = f->point;
    size_t family[SERIES], n = 0;
    double low = INFINITY, high = 0;
    for (size_t k = 0; k < f->report->axes.families && n < SERIES; k++) {
        const size_t runs = mu_frontier_runs(f->report, k, point);
        if (runs == 0) {
            continue;
        }
        fprintf(f->script, "$runs%zu << EOD\n", n);
        for (size_t i = 0; i < runs; i++) {
            fprintf(f->script, "%.9g %.9g\n", point[i].epsilon, point[i].accuracy);
            low = fmin(low, point[i].epsilon);
            high = fmax(high, point[i].epsilon);
        }
        fprintf(f->script, "EOD\n$front%zu << EOD\n", n);
        const size_t means = mu_frontier_means(f->report, k, point);
        for (size_t i = 0; i < means; i++) {
            fprintf(f->script, "%.9g %.9g\n", point[i].epsilon, point[i].accuracy);
        }
        fprintf(f->script, "EOD\n");
        family[n++] = k;
    }
    if (n == 0) {
        return;
    }
    begin_figure(f, "frontier", "epsilon", "test accuracy", 420);
    fprintf(f->script, "set logscale x\nset xrange [%.9g:%.9g]\nplot ", 0.8 * low, 1.25 * high);
    for (size_t i = 0; i < n; i++) {
        char title[256];
        mu_report_family_label(f->report, family[i], title);
        fprintf(f->script, "$front%zu with lines lt %zu notitle, $runs%zu with points lt %zu pt 7 ps 0.8 title ", i,
                i + 1, i, i + 1);
        print_quoted(f->script, title);
        fputs(i + 1 < n ? ", " : "\n", f->script);
    }
    fprintf(f->script, "unset output\n");
}

/* The clients of the first run that has a trace. */
static void draw_timeline(struct figure *f) {
    enum { CLIENTS = 40, JOBS = 4000 };
    const struct mu_table *jobs = NULL;
    for (size_t i = 0; i < f->report->n && jobs == NULL; i++) {
        jobs = f->report->run[i].jobs.shown.rows > 0 ? &f->report->run[i].jobs.shown : NULL;
    }
    const double *client = jobs != NULL ? mu_table_get(jobs, "client") : NULL;
    const double *start = jobs != NULL ? mu_table_get(jobs, "dispatch_s") : NULL;
    const double *end = jobs != NULL ? mu_table_get(jobs, "arrive_s") : NULL;
    const double *status = jobs != NULL ? mu_table_get(jobs, "status") : NULL;
    if (client == NULL || start == NULL || end == NULL || status == NULL) {
        return;
    }
    enum { STATUSES = 4 };
    size_t n = 0, of_status[STATUSES] = {0};
    double last = 0; /* client that is shown */
    fprintf(f->script, "$jobs << EOD\n");
    for (size_t r = 0; r < jobs->rows && n < JOBS; r++) {
        if (client[r] < CLIENTS && isfinite(end[r])) {
            fprintf(f->script, "%.9g %.9g %.0f %.0f\n", start[r], end[r], client[r], status[r] + 1);
            last = fmax(last, client[r]);
            of_status[status[r] >= 0 && status[r] < STATUSES ? (size_t)status[r] : 0]++;
            n++;
        }
    }
    fprintf(f->script, "EOD\n");
    if (n > 0) {
        begin_figure(f, "timeline", "simulated time (s)", "client", 560);
        fprintf(f->script, "set style fill solid 1 noborder\nset yrange [%.0f:-1]\nplot ", last + 1);
        static const char *const names[] = {"used", "late", "dropped", "failed"};
        static const char *const colour[] = {"#0072b2", "#e69f00", "#d55e00", "#000000"};
        const char *comma = "";
        for (size_t s = 0; s < STATUSES; s++) {
            if (of_status[s] > 0) {
                fprintf(f->script,
                        "%s$jobs using 1:($4==%zu?$3:1/0):1:2:($3-0.4):($3+0.4) with boxxyerror lc rgb '%s' title '%s'",
                        comma, s + 1, colour[s], names[s]);
                comma = ", ";
            }
        }
        fputs("\n", f->script);
        fprintf(f->script, "unset output\n");
    }
}

/* Runs gnuplot on a script; its first line of complaint goes into err. */
static int run_gnuplot(const char *script, struct mu_err *err) {
    char complaint[256] = "";
    int pipe_of[2];
    if (pipe(pipe_of) != 0) {
        return mu_fail(err, MU_IO, "gnuplot", "cannot start: %s", strerror(errno));
    }
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipe_of[1], STDERR_FILENO);
        close(pipe_of[0]);
        close(pipe_of[1]);
        execlp("gnuplot", "gnuplot", script, (char *)NULL);
        _exit(127);
    }
    close(pipe_of[1]);
    size_t got = 0;
    ssize_t part = 0;
    char rest[256];
    do {
        const bool room = got < sizeof complaint - 1;
        part = child < 0 ? 0 : read(pipe_of[0], room ? complaint + got : rest, room ? sizeof complaint - 1 - got : 256);
        got += room && part > 0 ? (size_t)part : 0;
    } while (part > 0);
    close(pipe_of[0]);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        return mu_fail(err, MU_IO, "gnuplot", "cannot start: %s", strerror(errno));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        mu_fail(err, MU_IO, "gnuplot", "is not installed, and draws the figures");
        return mu_fail_help(err, "on Debian: apt-get install gnuplot-nox; the HTML report does not need it");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return mu_fail(err, MU_IO, "gnuplot", "failed: %s", complaint);
    }
    return MU_OK;
}

static int write_script(struct figure *f, struct mu_err *err) {
    struct mu_band *band = mu_alloc(1, sizeof *band, err);
    f->point = mu_alloc(f->report->n, sizeof *f->point, err);
    if (band == NULL || f->point == NULL) {
        mu_free(band);
        mu_free(f->point);
        return err->code;
    }
    fprintf(f->script, "set encoding utf8\n");
    draw_curves(f, band, "accuracy", "test_accuracy", "test accuracy");
    draw_curves(f, band, "loss", "test_loss", "test loss");
    draw_frontier(f);
    draw_timeline(f);
    mu_free(band);
    mu_free(f->point);
    return MU_OK;
}

int mu_report_figures(const struct mu_report *report, const char *directory, enum mu_figure_format format, size_t *n,
                      struct mu_err *err) {
    char path[4400];
    MU_TRY(mu_dir_create(directory, err));
    if ((size_t)snprintf(path, sizeof path, "%s/.figures.gnuplot", directory) >= sizeof path) {
        return mu_fail(err, MU_IO, directory, "the directory's name is too long");
    }
    struct figure f = {.report = report, .directory = directory, .format = format, .script = fopen(path, "w")};
    if (f.script == NULL) {
        return mu_fail(err, MU_IO, path, "cannot write: %s", strerror(errno));
    }
    int rc = write_script(&f, err);
    const int failed = ferror(f.script);
    if ((fclose(f.script) != 0 || failed) && rc == MU_OK) {
        rc = mu_fail(err, MU_IO, path, "cannot write");
    }
    if (rc == MU_OK && f.drawn > 0) {
        rc = run_gnuplot(path, err);
    }
    unlink(path);
    *n = f.drawn;
    return rc;
}
