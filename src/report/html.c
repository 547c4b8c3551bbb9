/* The page: the template with style, library, program and data put in. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "assets.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "pack.h"
#include "report_impl.h"

static int pack_table(cJSON *run, const char *key, const struct mu_table *table, enum mu_pack as, struct mu_err *err) {
    if (table->rows == 0) {
        return MU_OK;
    }
    cJSON *object = cJSON_AddObjectToObject(run, key);
    for (size_t i = 0; i < table->n; i++) {
        MU_TRY(mu_pack_add(object, table->column[i].name, table->rows, table->column[i].value, as, err));
    }
    return MU_OK;
}

static void copy(cJSON *to, const char *key, const cJSON *from, const char *member) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(from, member);
    if (value != NULL) {
        cJSON_AddItemToObject(to, key, cJSON_Duplicate(value, true));
    }
}

static void add_scalars(cJSON *to, const struct mu_report *report, size_t i) {
    const struct mu_report_run *run = &report->run[i];
    char label[256];
    mu_report_label(report, i, label);
    cJSON_AddStringToObject(to, "name", run->name);
    cJSON_AddStringToObject(to, "label", label);
    cJSON_AddNumberToObject(to, "group", (double)report->axes.group[i]);
    cJSON_AddNumberToObject(to, "family", (double)report->axes.family[i]);
    cJSON *axes = cJSON_AddArrayToObject(to, "axes");
    for (size_t a = 0; a < report->axes.n; a++) {
        const cJSON *value = mu_axes_value(run->config, report->axes.path[a]);
        cJSON_AddItemToArray(axes, value != NULL ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
    }
    copy(to, "title", run->config, "name");
    copy(to, "seed", run->config, "seed");
    copy(to, "state", run->status, "state");
    copy(to, "error", run->status, "error");
    copy(to, "noise_key", run->status, "noise_key");
    copy(to, "ended_by", run->summary, "ended_by");
    copy(to, "final", run->summary, "final");
    copy(to, "best", run->summary, "best");
    copy(to, "to_target", run->summary, "to_target");
    copy(to, "total", run->summary, "total");
    copy(to, "variation", cJSON_GetObjectItemCaseSensitive(run->summary, "participation"), "total_variation");
    copy(to, "run_s", cJSON_GetObjectItemCaseSensitive(run->summary, "wall"), "run_s");
    copy(to, "strategy", mu_axes_value(run->config, "/server/strategy"), "kind");
}

static int add_run(cJSON *runs, const struct mu_report *report, size_t i, struct mu_err *err) {
    const struct mu_report_run *run = &report->run[i];
    cJSON *to = cJSON_CreateObject();
    if (to == NULL || !cJSON_AddItemToArray(runs, to)) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    add_scalars(to, report, i);
    MU_TRY(pack_table(to, "metrics", &run->metrics, MU_PACK_F32, err));
    MU_TRY(pack_table(to, "rounds", &run->steps.rounds, MU_PACK_F32, err));
    MU_TRY(pack_table(to, "jobs", &run->jobs.shown, MU_PACK_F64, err));
    MU_TRY(pack_table(to, "clients", &run->clients, MU_PACK_F32, err));
    MU_TRY(pack_table(to, "fairness", &run->fairness, MU_PACK_F32, err));
    MU_TRY(pack_table(to, "classes", &run->classes, MU_PACK_F32, err));
    cJSON_AddNumberToObject(to, "jobs_total", (double)run->jobs.total);
    if (run->steps.bins > 0) {
        return mu_pack_add(to, "staleness", run->steps.bins, run->steps.staleness, MU_PACK_F32, err);
    }
    return MU_OK;
}

/* The text between <script> and </script> must not hold "</": every '<' is in a string, where it may be escaped. */
static char *escape(char *json, struct mu_err *err) {
    size_t less = 0;
    for (const char *c = json; *c != '\0'; c++) {
        less += *c == '<';
    }
    char *safe = mu_alloc_uninit(strlen(json) + 5 * less + 1, 1, err);
    char *out = safe;
    for (const char *c = json; out != NULL && *c != '\0'; c++) {
        if (*c == '<') {
            memcpy(out, "\\u003c", 6);
            out += 6;
        } else {
            *out++ = *c;
        }
    }
    if (out != NULL) {
        *out = '\0';
    }
    return safe;
}

static int print_data(const struct mu_report *report, char **text, struct mu_err *err) {
    cJSON *data = cJSON_CreateObject();
    cJSON_AddStringToObject(data, "title", report->title);
    cJSON *axes = cJSON_AddArrayToObject(data, "axes");
    for (size_t a = 0; a < report->axes.n; a++) {
        cJSON_AddItemToArray(axes, cJSON_CreateString(report->axes.path[a]));
    }
    cJSON *families = cJSON_AddArrayToObject(data, "families");
    for (size_t f = 0; f < report->axes.families; f++) {
        char label[256];
        mu_report_family_label(report, f, label);
        cJSON_AddItemToArray(families, cJSON_CreateString(label));
    }
    if (report->statistics != NULL) {
        cJSON_AddItemToObject(data, "statistics", cJSON_Duplicate(report->statistics, true));
    }
    cJSON *runs = cJSON_AddArrayToObject(data, "runs");
    int rc = MU_OK;
    for (size_t i = 0; rc == MU_OK && i < report->n; i++) {
        rc = add_run(runs, report, i, err);
    }
    char *plain = rc == MU_OK ? cJSON_PrintUnformatted(data) : NULL;
    if (rc == MU_OK && plain == NULL) {
        rc = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    if (rc == MU_OK && (*text = escape(plain, err)) == NULL) {
        rc = err->code;
    }
    cJSON_free(plain);
    cJSON_Delete(data);
    return rc;
}

static void put(char **out, const char *text, size_t n) {
    memcpy(*out, text, n);
    *out += n;
}

/* Replaces each {{name}} of the template. */
static int fill_template(const char *data, const char *path, struct mu_err *err) {
    const struct {
        const char *mark, *text;
    } part[] = {
        {"{{style}}", mu_asset_style}, {"{{data}}", data}, {"{{chart}}", mu_asset_chart}, {"{{app}}", mu_asset_app}};
    size_t room = strlen(mu_asset_template) + 1;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        room += strlen(part[i].text);
    }
    char *page = mu_alloc_uninit(room, 1, err);
    if (page == NULL) {
        return err->code;
    }
    char *out = page;
    const char *rest = mu_asset_template;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        const char *mark = strstr(rest, part[i].mark);
        if (mark == NULL) { /* the template has them in another order: our own bug */
            mu_free(page);
            return mu_fail(err, MU_IO, path, "the page's template lacks %s", part[i].mark);
        }
        put(&out, rest, (size_t)(mark - rest));
        put(&out, part[i].text, strlen(part[i].text));
        rest = mark + strlen(part[i].mark);
    }
    put(&out, rest, strlen(rest));
    const int rc = mu_file_replace(path, page, (size_t)(out - page), err);
    mu_free(page);
    return rc;
}

int mu_report_html(const struct mu_report *report, const char *path, struct mu_err *err) {
    char *data = NULL;
    int rc = print_data(report, &data, err);
    if (rc == MU_OK) {
        rc = fill_template(data, path, err);
    }
    mu_free(data);
    return rc;
}
