#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"

static const size_t file_limit = (size_t)4 << 30;

int mu_lines_read(const char *path, int (*line)(void *context, const cJSON *record, struct mu_err *err), void *context,
                  struct mu_err *err) {
    char *text = NULL;
    size_t n = 0;
    if (access(path, F_OK) != 0) {
        return MU_OK;
    }
    MU_TRY(mu_file_read(path, file_limit, &text, &n, err));
    int rc = MU_OK;
    size_t number = 0;
    for (char *at = text; rc == MU_OK && at < text + n; number++) {
        char *end = memchr(at, '\n', (size_t)(text + n - at));
        if (end == NULL) { /* half a line */
            break;
        }
        *end = '\0';
        cJSON *record = cJSON_ParseWithLength(at, (size_t)(end - at) + 1);
        if (!cJSON_IsObject(record)) {
            char place[512];
            snprintf(place, sizeof place, "%.480s:%zu", path, number + 1);
            rc = mu_fail(err, MU_IO, place, "expected a JSON object on a line of its own");
        } else {
            rc = line(context, record, err);
        }
        cJSON_Delete(record);
        at = end + 1;
    }
    mu_free(text);
    return rc;
}

static struct mu_column *find_column(struct mu_table *table, const char *name) {
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->column[i].name, name) == 0) {
            return &table->column[i];
        }
    }
    return NULL;
}

/* A column that first shows up in a later row is NAN before it. */
static int add_column(struct mu_table *table, const char *name, struct mu_err *err) {
    struct mu_column *column = &table->column[table->n];
    snprintf(column->name, sizeof column->name, "%s", name);
    MU_TRY(mu_grow((void **)&column->value, &column->capacity, table->rows + 1, sizeof *column->value, err));
    for (size_t r = 0; r <= table->rows; r++) {
        column->value[r] = NAN;
    }
    table->n++;
    return MU_OK;
}

int mu_table_add(struct mu_table *table, const cJSON *record, struct mu_err *err) {
    for (size_t i = 0; i < table->n; i++) {
        struct mu_column *column = &table->column[i];
        MU_TRY(mu_grow((void **)&column->value, &column->capacity, table->rows + 1, sizeof *column->value, err));
        column->value[table->rows] = NAN;
    }
    for (const cJSON *member = record->child; member != NULL; member = member->next) {
        if (!cJSON_IsNumber(member) && !cJSON_IsNull(member)) {
            continue;
        }
        struct mu_column *column = find_column(table, member->string);
        if (column == NULL) {
            if (table->n == MU_TABLE_COLUMNS || strlen(member->string) >= sizeof column->name) {
                continue;
            }
            MU_TRY(add_column(table, member->string, err));
            column = &table->column[table->n - 1];
        }
        column->value[table->rows] = cJSON_IsNumber(member) ? member->valuedouble : NAN;
    }
    table->rows++;
    return MU_OK;
}

const double *mu_table_get(const struct mu_table *table, const char *name) {
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->column[i].name, name) == 0) {
            return table->column[i].value;
        }
    }
    return NULL;
}

void mu_table_thin(struct mu_table *table, size_t most) {
    if (table->rows <= most) {
        return;
    }
    for (size_t i = 0; i < table->n; i++) {
        double *value = table->column[i].value;
        for (size_t r = 0; r < most; r++) {
            value[r] = value[(r * (table->rows - 1) + (most - 1) / 2) / (most - 1)];
        }
    }
    table->rows = most;
}

void mu_table_clear(struct mu_table *table) {
    for (size_t i = 0; i < table->n; i++) {
        mu_free(table->column[i].value);
    }
    *table = (struct mu_table){0};
}
