/* A data set from the JSON text of a "data" section, on one rank without MPI. */
#ifndef MUSTER_TESTS_DATA_HELPER_H
#define MUSTER_TESTS_DATA_HELPER_H

#include "support.h"

#include <cjson/cJSON.h>

#include "muster/config/json.h"
#include "muster/data/data.h"

struct opened {
    struct mu_data_config config;
    struct mu_comm *comm;
    struct mu_data *data;
};

/* Returns the first failure's code; close_data releases whatever there is. */
static inline int try_data(struct opened *opened, uint64_t seed, const char *json, struct mu_err *err) {
    *opened = (struct opened){0};
    *err = (struct mu_err){0};
    struct cJSON *object = NULL;
    int rc = mu_json_parse("test.json", json, strlen(json), &object, err);
    rc = rc != MU_OK ? rc : mu_group_parse(&mu_data_group, object, "test.json", "/data", &opened->config, err);
    cJSON_Delete(object);
    if (rc == MU_OK) {
        opened->comm = mu_comm_solo();
        rc = mu_data_new(&opened->data, &opened->config, "test.json", seed, opened->comm, err);
    }
    return rc;
}

static inline void close_data(struct opened *opened) {
    mu_data_free(opened->data);
    mu_comm_stop(opened->comm);
    mu_group_clear(&mu_data_group, &opened->config);
    *opened = (struct opened){0};
}

/* %-formats the JSON; single quotes stand for double ones. */
static inline void format_json(char *json, size_t room, const char *format, va_list list) {
    assert_true((size_t)vsnprintf(json, room, format, list) < room);
    for (char *c = json; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
}

static inline struct mu_data *open_data(struct opened *opened, uint64_t seed, const char *format, ...) {
    char json[4096];
    struct mu_err err;
    va_list list;
    va_start(list, format);
    format_json(json, sizeof json, format, list);
    va_end(list);
    try_data(opened, seed, json, &err);
    support_expect_ok(&err);
    return opened->data;
}

/* Expects the failure MU_BAD_CONFIG with these parts in its place and text. */
static inline void expect_bad_data(const char *place, const char *text, const char *format, ...) {
    char json[4096];
    struct opened opened;
    struct mu_err err;
    va_list list;
    va_start(list, format);
    format_json(json, sizeof json, format, list);
    va_end(list);
    try_data(&opened, 1, json, &err);
    support_expect_error(&err, MU_BAD_CONFIG, place, text);
    close_data(&opened);
}

/* A client's rows; the space is cleared by the next call with NULL data. */
static inline struct mu_rows client_rows(const struct mu_data *data, uint32_t client) {
    static struct mu_space space;
    struct mu_rows rows = {0};
    struct mu_err err = {0};
    if (data == NULL) {
        mu_space_clear(&space);
        return rows;
    }
    mu_data_client(data, client, &space, &rows, &err);
    support_expect_ok(&err);
    return rows;
}

#endif
