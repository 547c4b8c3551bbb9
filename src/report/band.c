/* What the runs of a group have in common: labels, and curves averaged over seeds. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "report_impl.h"

/* The end of a pointer to an option; a constant's value is called by what has the value. */
static void take_name(const char *path, char name[static 160]) {
    snprintf(name, 160, "%s", path);
    char *last = strrchr(name, '/');
    if (strcmp(last, "/value") == 0 && last > name) {
        *last = '\0';
        last = strrchr(name, '/');
    }
    memmove(name, last + 1, strlen(last));
}

/* "alpha 0.1": a number says little without its name, the name of a kind little beside it. */
static void append_value(const char *name, const cJSON *value, char *label, size_t size) {
    const size_t n = strlen(label);
    char *const at = label + n;
    const size_t room = size - n;
    const char *const comma = n > 0 ? ", " : "";
    if (cJSON_IsString(value)) {
        snprintf(at, room, "%s%s", comma, value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        snprintf(at, room, "%s%s %g", comma, name, value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        snprintf(at, room, "%s%s %s", comma, name, cJSON_IsTrue(value) ? "true" : "false");
    } else if (value != NULL && !cJSON_IsNull(value)) {
        char *text = cJSON_PrintUnformatted(value);
        snprintf(at, room, "%s%s %s", comma, name, text != NULL ? text : "");
        cJSON_free(text);
    }
}

void mu_report_label(const struct mu_report *report, size_t run, char label[static 256]) {
    snprintf(label, 256, "%s", report->run[run].group);
    for (size_t a = 0; report->run[run].group[0] == '\0' && a < report->axes.n; a++) {
        char name[160];
        take_name(report->axes.path[a], name);
        append_value(name, mu_axes_value(report->run[run].config, report->axes.path[a]), label, 256);
    }
    if (label[0] == '\0') {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(report->run[run].config, "name");
        snprintf(label, 256, "%s", cJSON_IsString(name) ? name->valuestring : report->run[run].name);
    }
}

static void keep_common(char *text, const char *other) {
    size_t n = 0;
    while (text[n] != '\0' && text[n] == other[n]) {
        n++;
    }
    /* "dp_gd-e1" and "dp_gd-e3" have "dp_gd-e" in common, of which "e" is half a word. */
    if (text[n] != '\0' || (other[n] != '\0' && other[n] != '-' && other[n] != ',')) {
        while (n > 0 && text[n - 1] != '-' && text[n - 1] != ',') {
            n--;
        }
        n -= n > 0;
    }
    text[n] = '\0';
}

void mu_report_family_label(const struct mu_report *report, size_t family, char label[static 256]) {
    size_t first = report->n;
    label[0] = '\0';
    for (size_t i = report->n; i-- > 0;) {
        char other[256];
        if (report->axes.family[i] == family) {
            mu_report_label(report, i, other);
            if (first == report->n) {
                memcpy(label, other, sizeof other);
            }
            keep_common(label, other);
            first = i;
        }
    }
    for (size_t a = 0; label[0] == '\0' && first < report->n && a < report->axes.n; a++) {
        const cJSON *value = mu_axes_value(report->run[first].config, report->axes.path[a]);
        if (cJSON_IsString(value)) {
            append_value("", value, label, 256);
        }
    }
    if (label[0] == '\0') {
        snprintf(label, 256, "all runs");
    }
}

/* Linear between two rows; x does not fall. */
static double interpolate(const double *x, const double *y, size_t n, double at) {
    size_t r = 1;
    while (r < n - 1 && x[r] < at) {
        r++;
    }
    const double width = x[r] - x[r - 1];
    return width > 0 ? y[r - 1] + (y[r] - y[r - 1]) * (at - x[r - 1]) / width : y[r];
}

/* The rows where y is known: losses are not before the first step. Returns the first, *n their number. */
static size_t find_known(const double *y, size_t rows, size_t *n) {
    size_t first = 0, end = rows;
    while (first < rows && !isfinite(y[first])) {
        first++;
    }
    while (end > first && !isfinite(y[end - 1])) {
        end--;
    }
    *n = end - first;
    return first;
}

bool mu_report_band(const struct mu_report *report, size_t group, const char *x, const char *y, struct mu_band *band) {
    double low = -INFINITY, high = INFINITY;
    *band = (struct mu_band){0};
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < report->n; i++) {
            const struct mu_table *m = &report->run[i].metrics;
            const double *xs = mu_table_get(m, x), *ys = mu_table_get(m, y);
            size_t n = 0;
            if (report->axes.group[i] != group || xs == NULL || ys == NULL) {
                continue;
            }
            const size_t first = find_known(ys, m->rows, &n);
            if (n < 2) {
                continue;
            }
            if (pass == 0) {
                low = fmax(low, xs[first]);
                high = fmin(high, xs[first + n - 1]);
                continue;
            }
            for (size_t p = 0; p < MU_BAND_POINTS; p++) {
                band->x[p] = low + (high - low) * (double)p / (MU_BAND_POINTS - 1);
                const double value = interpolate(xs + first, ys + first, n, band->x[p]);
                band->mean[p] += value;
                band->low[p] = band->runs == 0 ? value : fmin(band->low[p], value);
                band->high[p] = band->runs == 0 ? value : fmax(band->high[p], value);
            }
            band->runs++;
        }
        if (!(low < high) || isinf(high)) {
            return false;
        }
    }
    band->n = MU_BAND_POINTS;
    for (size_t p = 0; p < band->n; p++) {
        band->mean[p] /= (double)band->runs;
    }
    return true;
}
