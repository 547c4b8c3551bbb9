/* One row's value, without what it may contain: scalars, words and arrays. */
#ifndef MUSTER_SRC_CONFIG_VALUE_H
#define MUSTER_SRC_CONFIG_VALUE_H

#include <cjson/cJSON.h>

#include "muster/config/field.h"

/* What all functions of one mu_group_parse share. */
struct mu_reader {
    const char *file;
    struct mu_err *err;
};

/* A MU_BAD_CONFIG error at a pointer. */
#define MU_BAD(reader, pointer, ...) \
    mu_fail((reader)->err, MU_BAD_CONFIG, mu_place((char[512]){0}, (reader)->file, pointer, NULL), __VA_ARGS__)

/* "expected ..., got ...": the value is of the wrong type or out of range. */
int mu_value_unexpected(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                        const cJSON *value);

/* Whether a null may stand for "absent". */
bool mu_value_nullable(const struct mu_field *field);

/* Parses into the member, which is zero; rows of type MU_GROUP, MU_CHOICE and MU_TAG are parse.c's. */
int mu_value_parse(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                   const cJSON *value, void *member);

#endif
