#include "value.h"

#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "text.h"

/* Above it, two integers of a JSON text may read as the same double. */
#define LARGEST_INTEGER 9007199254740991.0

int mu_value_unexpected(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                        const cJSON *value) {
    char expected[MU_TEXT];
    char got[MU_TEXT];
    mu_expected_text(expected, field);
    return MU_BAD(reader, pointer, "expected %s, got %s", expected, mu_value_text(got, value));
}

bool mu_value_nullable(const struct mu_field *field) {
    return field->def != NULL && strcmp(field->def, "null") == 0;
}

static bool in_range(const struct mu_field *field, double x) {
    if (field->open && !(x > field->min)) {
        return false;
    }
    return (field->min == 0 && field->max == 0) || (x >= field->min && x <= field->max);
}

static int parse_integer(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                         const cJSON *value, int64_t *out) {
    if (!cJSON_IsNumber(value) || value->valuedouble != trunc(value->valuedouble)) {
        return mu_value_unexpected(reader, pointer, field, value);
    }
    if (fabs(value->valuedouble) > LARGEST_INTEGER) {
        char got[MU_TEXT];
        return MU_BAD(reader, pointer, "expected an integer between -2^53 and 2^53, got %s", mu_value_text(got, value));
    }
    if (!in_range(field, value->valuedouble)) {
        return mu_value_unexpected(reader, pointer, field, value);
    }
    *out = (int64_t)value->valuedouble;
    return MU_OK;
}

/* A word in place of a number, such as "full" for batch_size. */
static int parse_int(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                     const cJSON *value, int64_t *out) {
    const struct mu_word *words = field->of;
    if (words == NULL || !cJSON_IsString(value)) {
        return parse_integer(reader, pointer, field, value, out);
    }
    struct mu_suggestion near = {.typed = value->valuestring};
    for (const struct mu_word *w = words; w->word != NULL; w++) {
        if (strcmp(w->word, value->valuestring) == 0) {
            *out = w->value;
            return MU_OK;
        }
        mu_suggest(&near, w->word);
    }
    const int rc = mu_value_unexpected(reader, pointer, field, value);
    if (near.best != NULL) {
        mu_fail_help(reader->err, "did you mean \"%s\"?", near.best);
    }
    return rc;
}

static int parse_real(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                      const cJSON *value, double *out) {
    if (!cJSON_IsNumber(value) || !isfinite(value->valuedouble) || !in_range(field, value->valuedouble)) {
        return mu_value_unexpected(reader, pointer, field, value);
    }
    *out = value->valuedouble;
    return MU_OK;
}

static int parse_word(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                      const cJSON *value, int *out) {
    if (!cJSON_IsString(value)) {
        return mu_value_unexpected(reader, pointer, field, value);
    }
    const char *const *words = field->of;
    struct mu_suggestion near = {.typed = value->valuestring};
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value->valuestring) == 0) {
            *out = i;
            return MU_OK;
        }
        mu_suggest(&near, words[i]);
    }
    char expected[MU_TEXT];
    char got[MU_TEXT];
    mu_expected_text(expected, field);
    mu_value_text(got, value);
    if (near.best != NULL) {
        return MU_BAD(reader, pointer, "expected %s, got %s; did you mean \"%s\"?", expected, got, near.best);
    }
    return MU_BAD(reader, pointer, "expected %s, got %s", expected, got);
}

static int parse_ints(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                      const cJSON *value, struct mu_ints *out) {
    const bool array = cJSON_IsArray(value);
    if (!array && !cJSON_IsNumber(value)) {
        return mu_value_unexpected(reader, pointer, field, value);
    }
    const struct mu_field element = {.type = MU_INT, .min = field->min, .max = field->max};
    const size_t n = array ? (size_t)cJSON_GetArraySize(value) : 1;
    if ((out->v = mu_alloc(n, sizeof *out->v, reader->err)) == NULL) {
        return MU_RANK_FAILED;
    }
    const cJSON *item = array ? value->child : value;
    for (; out->n < n; item = item->next, out->n++) {
        char place[MU_TEXT];
        char index[32];
        if (array) {
            mu_pointer_join(place, pointer, mu_number_text(index, (double)out->n));
        }
        MU_TRY(parse_integer(reader, array ? place : pointer, &element, item, &out->v[out->n]));
    }
    return MU_OK;
}

/* Checks that an array is rectangular below axis `axis` and that all is numbers in range. */
static int check_reals(const struct mu_reader *reader, const char *pointer, const struct mu_field *element,
                       const cJSON *value, const struct mu_reals *shape, size_t axis) {
    if (axis == shape->axes) {
        double x = 0;
        return parse_real(reader, pointer, element, value, &x);
    }
    const size_t n = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0;
    if (!cJSON_IsArray(value) || n != shape->shape[axis]) {
        char got[MU_TEXT];
        mu_value_text(got, value);
        if (cJSON_IsArray(value)) {
            return MU_BAD(reader, pointer, "expected %zu elements as in the arrays before, got %zu", shape->shape[axis],
                          n);
        }
        return MU_BAD(reader, pointer, "expected an array of %zu elements as before, got %s", shape->shape[axis], got);
    }
    size_t i = 0;
    for (const cJSON *item = value->child; item != NULL; item = item->next, i++) {
        char inner[MU_TEXT];
        char index[32];
        mu_pointer_join(inner, pointer, mu_number_text(index, (double)i));
        MU_TRY(check_reals(reader, inner, element, item, shape, axis + 1));
    }
    return MU_OK;
}

/* Row-major: the last axis runs fastest. Returns the position after the numbers written. */
static double *copy_reals(double *out, const cJSON *value) {
    if (cJSON_IsNumber(value)) {
        *out++ = value->valuedouble;
    }
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        out = copy_reals(out, item);
    }
    return out;
}

static int parse_reals(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                       const cJSON *value, struct mu_reals *out) {
    const struct mu_field element = {.type = MU_REAL, .min = field->min, .max = field->max, .open = field->open};
    if (cJSON_IsNumber(value)) {
        MU_TRY(mu_value_parse(reader, pointer, &element, value, &(double){0}));
        *out = (struct mu_reals){.n = 1, .axes = 1, .shape = {1}};
    } else {
        if (!cJSON_IsArray(value)) {
            return mu_value_unexpected(reader, pointer, field, value);
        }
        struct mu_reals shape = {.n = 1};
        for (const cJSON *first = value; cJSON_IsArray(first); first = first->child) {
            if (shape.axes == 3) {
                return MU_BAD(reader, pointer, "arrays of numbers nest at most 3 deep");
            }
            shape.shape[shape.axes++] = (size_t)cJSON_GetArraySize(first);
        }
        /* Checked before anything is allocated: the product of a ragged array's sizes may be anything. */
        MU_TRY(check_reals(reader, pointer, &element, value, &shape, 0));
        for (size_t i = 0; i < shape.axes; i++) {
            shape.n *= shape.shape[i];
        }
        *out = shape;
    }
    if ((out->v = mu_alloc(out->n, sizeof *out->v, reader->err)) == NULL) {
        return MU_RANK_FAILED;
    }
    copy_reals(out->v, value);
    return MU_OK;
}

static void set_absent(const struct mu_field *field, void *member) {
    if (field->type == MU_INT) {
        *(int64_t *)member = MU_UNSET;
    } else if (field->type == MU_REAL) {
        *(double *)member = NAN;
    } else if (field->type == MU_ENUM) {
        *(int *)member = -1;
    } /* a zero member is NULL or empty already */
}

int mu_value_parse(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                   const cJSON *value, void *member) {
    if (cJSON_IsNull(value) && mu_value_nullable(field)) {
        set_absent(field, member);
        return MU_OK;
    }
    switch (field->type) {
    case MU_BOOL:
        *(bool *)member = cJSON_IsTrue(value);
        return cJSON_IsBool(value) ? MU_OK : mu_value_unexpected(reader, pointer, field, value);
    case MU_INT:
        return parse_int(reader, pointer, field, value, member);
    case MU_REAL:
        return parse_real(reader, pointer, field, value, member);
    case MU_STRING:
        if (!cJSON_IsString(value)) {
            return mu_value_unexpected(reader, pointer, field, value);
        }
        *(char **)member = mu_strdup(value->valuestring, reader->err);
        return *(char **)member == NULL ? MU_RANK_FAILED : MU_OK;
    case MU_ENUM:
        return parse_word(reader, pointer, field, value, member);
    case MU_INTS:
        return parse_ints(reader, pointer, field, value, member);
    case MU_REALS:
        return parse_reals(reader, pointer, field, value, member);
    case MU_NONE:
    case MU_GROUP:
    case MU_CHOICE:
    case MU_TAG:
        break;
    }
    return mu_value_unexpected(reader, pointer, field, value);
}
