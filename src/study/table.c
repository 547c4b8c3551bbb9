/* Rows of results as CSV and in SQLite. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <sqlite3.h>

#include "muster/base/file.h"
#include "study_impl.h"

static bool is_absent(const cJSON *cell) {
    return cJSON_IsNull(cell) || (cJSON_IsNumber(cell) && !isfinite(cell->valuedouble));
}

static void write_text(FILE *out, const char *text) {
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, out);
    }
    fputc('"', out);
}

/* The shortest text that reads back to the same number; nothing for what is not there or not finite; compact JSON for
 * objects. */
static void write_cell(FILE *out, const cJSON *cell) {
    char text[40];
    if (is_absent(cell)) {
        return;
    }
    if (cJSON_IsNumber(cell)) {
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, cell->valuedouble);
            if (strtod(text, NULL) == cell->valuedouble) {
                break;
            }
        }
        fputs(text, out);
    } else if (cJSON_IsString(cell)) {
        write_text(out, cell->valuestring);
    } else {
        char *json = cJSON_PrintUnformatted(cell);
        write_text(out, json != NULL ? json : "");
        cJSON_free(json);
    }
}

int mu_table_csv(const cJSON *rows, const cJSON *columns, const char *path, struct mu_err *err) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (out == NULL) {
        return mu_fail(err, MU_RANK_FAILED, path, "out of memory");
    }
    for (const cJSON *c = columns->child; c != NULL; c = c->next) {
        write_text(out, c->string);
        fputc(c->next != NULL ? ',' : '\n', out);
    }
    for (const cJSON *row = rows->child; row != NULL; row = row->next) {
        for (const cJSON *c = row->child; c != NULL; c = c->next) {
            write_cell(out, c);
            fputc(c->next != NULL ? ',' : '\n', out);
        }
    }
    int code = fclose(out) == 0 ? MU_OK : mu_fail(err, MU_RANK_FAILED, path, "out of memory");
    if (code == MU_OK) {
        code = mu_file_publish(path, text, n, err);
    }
    free(text);
    return code;
}

static int refuse(sqlite3 *db, struct mu_err *err) {
    return mu_fail(err, MU_IO, "study.sqlite", "%s", sqlite3_errmsg(db));
}

/* "create table T ("a","b")" or "insert into T values (?,?)", the caller's to sqlite3_free. */
static char *make_statement(const char *table, const cJSON *row, bool insert) {
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, insert ? "insert into \"%w\" values (" : "create table \"%w\" (", table);
    for (const cJSON *c = row->child; c != NULL; c = c->next) {
        if (insert) {
            sqlite3_str_appendall(sql, "?");
        } else {
            sqlite3_str_appendf(sql, "\"%w\"", c->string);
        }
        sqlite3_str_appendall(sql, c->next != NULL ? "," : ")");
    }
    return sqlite3_str_finish(sql);
}

static void bind_cell(sqlite3_stmt *insert, int i, const cJSON *cell) {
    if (is_absent(cell)) {
        sqlite3_bind_null(insert, i);
    } else if (cJSON_IsNumber(cell)) {
        const double x = cell->valuedouble;
        if (fabs(x) <= 0x1p53 && x == (double)(int64_t)x) { /* what a double holds exactly */
            sqlite3_bind_int64(insert, i, (sqlite3_int64)x);
        } else {
            sqlite3_bind_double(insert, i, x);
        }
    } else if (cJSON_IsString(cell)) {
        sqlite3_bind_text(insert, i, cell->valuestring, -1, SQLITE_STATIC);
    } else {
        char *json = cJSON_PrintUnformatted(cell);
        sqlite3_bind_text(insert, i, json, -1, SQLITE_TRANSIENT);
        cJSON_free(json);
    }
}

int mu_table_sqlite(sqlite3 *db, const char *table, const cJSON *rows, const cJSON *columns, struct mu_err *err) {
    sqlite3_stmt *insert = NULL;
    char *create_text = make_statement(table, columns, false), *insert_text = make_statement(table, columns, true);
    int code = sqlite3_exec(db, create_text, NULL, NULL, NULL) == SQLITE_OK ? MU_OK : refuse(db, err);
    if (code == MU_OK && sqlite3_prepare_v2(db, insert_text, -1, &insert, NULL) != SQLITE_OK) {
        code = refuse(db, err);
    }
    for (const cJSON *row = rows->child; row != NULL && code == MU_OK; row = row->next) {
        int i = 1;
        for (const cJSON *c = row->child; c != NULL; c = c->next) {
            bind_cell(insert, i++, c);
        }
        if (sqlite3_step(insert) != SQLITE_DONE) {
            code = refuse(db, err);
        }
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sqlite3_free(create_text);
    sqlite3_free(insert_text);
    return code;
}
