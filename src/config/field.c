/* Finding kinds, and releasing what parsed values own. */
#include "muster/config/field.h"

#include <string.h>

#include "muster/base/mem.h"

const struct mu_kind *mu_registry_find(const struct mu_registry *registry, const char *name) {
    for (size_t i = 0; i < registry->n; i++) {
        if (strcmp(registry->rows[i]->name, name) == 0) {
            return registry->rows[i];
        }
    }
    return NULL;
}

const struct mu_field *mu_group_given(const struct mu_group *group, const void *values) {
    uint64_t given = 0;
    if (group->given != 0) {
        memcpy(&given, (const char *)values + group->given, sizeof given);
    }
    return given != 0 ? &group->fields[__builtin_ctzll(given)] : NULL;
}

void mu_group_clear(const struct mu_group *group, void *values) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        void *member = (char *)values + f->offset;
        if (f->type == MU_STRING) {
            mu_free(*(char **)member);
        } else if (f->type == MU_INTS) {
            mu_free(((struct mu_ints *)member)->v);
        } else if (f->type == MU_REALS) {
            mu_free(((struct mu_reals *)member)->v);
        } else if (f->type == MU_GROUP) {
            mu_group_clear(f->of, member);
        } else if (f->type == MU_CHOICE || f->type == MU_TAG) {
            const struct mu_choice *choice = member;
            if (choice->kind != NULL && choice->options != NULL) {
                mu_group_clear(&choice->kind->group, choice->options);
                mu_free(choice->options);
            }
        }
    }
    memset(values, 0, group->size);
}
