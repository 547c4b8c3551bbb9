/* Which directories hold runs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "report_impl.h"

static bool join(char *path, size_t size, const char *directory, const char *name) {
    const int n = snprintf(path, size, "%s/%s", directory, name);
    return n > 0 && (size_t)n < size;
}

static bool has_file(const char *directory, const char *name) {
    char path[4400];
    return join(path, sizeof path, directory, name) && access(path, F_OK) == 0;
}

/* The last part of a path, without slashes at its end. */
static void take_name(const char *directory, char *name, size_t size) {
    size_t n = strlen(directory);
    while (n > 1 && directory[n - 1] == '/') {
        n--;
    }
    size_t start = n;
    while (start > 0 && directory[start - 1] != '/') {
        start--;
    }
    snprintf(name, size, "%.*s", (int)(n - start < size ? n - start : size - 1), directory + start);
}

static int add_run(struct mu_report *report, const char *directory, struct mu_err *err) {
    MU_TRY(mu_grow((void **)&report->run, &report->capacity, report->n + 1, sizeof *report->run, err));
    struct mu_report_run *run = &report->run[report->n++];
    snprintf(run->directory, sizeof run->directory, "%s", directory);
    take_name(directory, run->name, sizeof run->name);
    return MU_OK;
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int add_runs_of(struct mu_report *report, const char *directory, struct mu_err *err) {
    struct dirent **entry = NULL;
    int rc = MU_OK;
    const int n = scandir(directory, &entry, is_visible, versionsort);
    for (int i = 0; i < n; i++) {
        char path[4096];
        if (rc == MU_OK && join(path, sizeof path, directory, entry[i]->d_name) && has_file(path, "config.json")) {
            rc = add_run(report, path, err);
        }
        free(entry[i]);
    }
    free(entry);
    return rc;
}

static int compare_places(const void *a, const void *b) {
    const struct mu_report_run *p = a, *q = b;
    return (p->place > q->place) - (p->place < q->place);
}

/* The plan of a study names its configurations as the user did, and has them in the user's order; runs from `first` on
 * are its points. */
static int take_plan(struct mu_report *report, size_t first, const char *directory, struct mu_err *err) {
    char path[4400];
    cJSON *plan = NULL;
    if (!has_file(directory, "plan.json") || !join(path, sizeof path, directory, "plan.json")) {
        return MU_OK;
    }
    if (mu_json_read(path, &plan, err) != MU_OK) {
        err->code = MU_IO;
        return MU_IO;
    }
    const cJSON *point = NULL;
    size_t place = 0;
    for (size_t i = first; i < report->n; i++) {
        report->run[i].place = i + (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "points"));
    }
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(plan, "points")) {
        const char *const name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(point, "name"));
        const char *const group = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(point, "group"));
        for (size_t i = first; name != NULL && group != NULL && i < report->n; i++) {
            if (strcmp(report->run[i].name, name) == 0) {
                snprintf(report->run[i].group, sizeof report->run[i].group, "%s", group);
                report->run[i].place = first + place;
            }
        }
        place++;
    }
    qsort(report->run + first, report->n - first, sizeof *report->run, compare_places);
    cJSON_Delete(plan);
    return MU_OK;
}

/* What the study computed over all its points. Of several studies none is taken: it would be of some runs alone. */
static int take_statistics(struct mu_report *report, size_t first, const char *directory, struct mu_err *err) {
    char path[4400];
    cJSON_Delete(report->statistics);
    report->statistics = NULL;
    if (first > 0 || !has_file(directory, "statistics.json") ||
        !join(path, sizeof path, directory, "statistics.json")) {
        return MU_OK;
    }
    if (mu_json_read(path, &report->statistics, err) != MU_OK) {
        err->code = MU_IO;
        return MU_IO;
    }
    return MU_OK;
}

int mu_report_find(struct mu_report *report, const char *directory, struct mu_err *err) {
    struct stat found;
    char points[4096];
    if (stat(directory, &found) != 0 || !S_ISDIR(found.st_mode)) {
        return mu_fail(err, MU_IO, directory, "there is no such directory");
    }
    if (!join(points, sizeof points, directory, "points")) {
        return mu_fail(err, MU_IO, directory, "the directory's name is too long");
    }
    if (report->title[0] == '\0') {
        take_name(directory, report->title, sizeof report->title);
    }
    const size_t before = report->n;
    if (has_file(directory, "config.json")) {
        MU_TRY(add_run(report, directory, err));
    } else {
        MU_TRY(add_runs_of(report, access(points, F_OK) == 0 ? points : directory, err));
        MU_TRY(take_plan(report, before, directory, err));
    }
    MU_TRY(take_statistics(report, before, directory, err));
    if (report->n == before) {
        mu_fail(err, MU_IO, directory, "has no results: neither config.json of a run nor points/ of a study");
        return mu_fail_help(err, "muster run CONFIG -o DIR makes a run, muster sweep SWEEP -o DIR a study");
    }
    return MU_OK;
}
