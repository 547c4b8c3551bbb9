/* Structs back into JSON: the resolved config. */
#include <math.h>

#include <cjson/cJSON.h>

#include "muster/config/field.h"

static bool add_fields(cJSON *object, const struct mu_group *group, const void *values);

/* The numbers of one sub-array; *v advances past them. */
static cJSON *reals_json(const struct mu_reals *reals, size_t axis, const double **v) {
    if (axis == 3 || axis == reals->axes) {
        return cJSON_CreateNumber(*(*v)++);
    }
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < reals->shape[axis]; i++) {
        cJSON *item = reals_json(reals, axis + 1, v);
        if (!cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            cJSON_Delete(array);
            return NULL;
        }
    }
    return array;
}

static cJSON *ints_json(const struct mu_ints *ints) {
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < ints->n; i++) {
        cJSON *item = cJSON_CreateNumber((double)ints->v[i]);
        if (!cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            cJSON_Delete(array);
            return NULL;
        }
    }
    return array;
}

static cJSON *int_json(const struct mu_field *field, int64_t value) {
    if (value == MU_UNSET) {
        return cJSON_CreateNull();
    }
    for (const struct mu_word *w = field->of; w != NULL && w->word != NULL; w++) {
        if (w->value == value) {
            return cJSON_CreateString(w->word);
        }
    }
    return cJSON_CreateNumber((double)value);
}

static cJSON *choice_json(const struct mu_choice *choice) {
    if (choice->kind == NULL) {
        return cJSON_CreateNull();
    }
    cJSON *object = cJSON_CreateObject();
    if (object == NULL || cJSON_AddStringToObject(object, "kind", choice->kind->name) == NULL ||
        !add_fields(object, &choice->kind->group, choice->options)) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static cJSON *value_json(const struct mu_field *field, const void *member) {
    switch (field->type) {
    case MU_BOOL:
        return cJSON_CreateBool(*(const bool *)member);
    case MU_INT:
        return int_json(field, *(const int64_t *)member);
    case MU_REAL: {
        const double x = *(const double *)member;
        return isnan(x) ? cJSON_CreateNull() : cJSON_CreateNumber(x);
    }
    case MU_STRING: {
        const char *text = *(char *const *)member;
        return text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text);
    }
    case MU_ENUM: {
        const int i = *(const int *)member;
        return i < 0 ? cJSON_CreateNull() : cJSON_CreateString(((const char *const *)field->of)[i]);
    }
    case MU_INTS: {
        const struct mu_ints *ints = member;
        return ints->v == NULL ? cJSON_CreateNull() : ints_json(ints);
    }
    case MU_REALS: {
        const struct mu_reals *reals = member;
        const double *v = reals->v;
        return v == NULL ? cJSON_CreateNull() : reals_json(reals, 0, &v);
    }
    case MU_GROUP:
        return mu_group_json(field->of, member);
    case MU_CHOICE:
        return choice_json(member);
    case MU_TAG: {
        const struct mu_choice *choice = member;
        return choice->kind == NULL ? cJSON_CreateNull() : cJSON_CreateString(choice->kind->name);
    }
    case MU_NONE:
        break;
    }
    return NULL;
}

static bool add_fields(cJSON *object, const struct mu_group *group, const void *values) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role != MU_OPTION) {
            continue;
        }
        const void *member = (const char *)values + f->offset;
        cJSON *item = value_json(f, member);
        if (!cJSON_AddItemToObject(object, f->name, item)) {
            cJSON_Delete(item);
            return false;
        }
        const struct mu_choice *tag = f->type == MU_TAG ? member : NULL;
        if (tag != NULL && tag->kind != NULL && !add_fields(object, &tag->kind->group, tag->options)) {
            return false;
        }
    }
    return true;
}

struct cJSON *mu_group_json(const struct mu_group *group, const void *values) {
    cJSON *object = cJSON_CreateObject();
    if (object != NULL && !add_fields(object, group, values)) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}
