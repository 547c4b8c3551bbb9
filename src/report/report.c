#include "muster/report/report.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "report_impl.h"

/* What all runs of a report may hold together, so that a page of hundreds of runs still opens at once. */
enum {
    ROWS = 60000, /* evaluations */
    MOST_ROWS = 2000,
    LEAST_ROWS = 100,
    JOBS = 60000,
    LEAST_JOBS = 300,
};

static size_t share(size_t total, size_t n, size_t least, size_t most) {
    const size_t each = total / n;
    return each < least ? least : each > most ? most : each;
}

static int find_axes(struct mu_report *report, struct mu_err *err) {
    cJSON **config = mu_alloc(report->n, sizeof(cJSON *), err);
    if (config == NULL) {
        return err->code;
    }
    for (size_t i = 0; i < report->n; i++) {
        config[i] = report->run[i].config;
    }
    const int rc = mu_axes_find(&report->axes, report->n, config, err);
    mu_free(config);
    return rc;
}

static int fill_report(struct mu_report *report, const char *const *directories, size_t n, struct mu_err *err) {
    for (size_t i = 0; i < n; i++) {
        MU_TRY(mu_report_find(report, directories[i], err));
    }
    const size_t rows = share(ROWS, report->n, LEAST_ROWS, MOST_ROWS);
    const size_t jobs = share(JOBS, report->n, LEAST_JOBS, JOBS);
    for (size_t i = 0; i < report->n; i++) {
        MU_TRY(mu_report_read(&report->run[i], rows, jobs, err));
    }
    return find_axes(report, err);
}

int mu_report_new(struct mu_report **report, const char *const *directories, size_t n, struct mu_err *err) {
    struct mu_report *r = mu_alloc(1, sizeof *r, err);
    if (r == NULL) {
        return err->code;
    }
    const int rc = fill_report(r, directories, n, err);
    if (rc != MU_OK) {
        mu_report_free(r);
        return rc;
    }
    *report = r;
    return MU_OK;
}

void mu_report_free(struct mu_report *report) {
    if (report == NULL) {
        return;
    }
    for (size_t i = 0; i < report->n; i++) {
        mu_report_run_clear(&report->run[i]);
    }
    mu_axes_clear(&report->axes);
    cJSON_Delete(report->statistics);
    mu_free(report->run);
    mu_free(report);
}

size_t mu_report_runs(const struct mu_report *report) {
    return report->n;
}
