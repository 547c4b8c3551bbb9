#include "reach.h"

#include <string.h>

#include "muster/base/mem.h"
#include "text.h"

static struct mu_reached *find(const struct mu_reach *reach, const struct mu_registry *registry) {
    for (size_t i = 0; i < reach->n; i++) {
        if (reach->v[i].registry == registry) {
            return &reach->v[i];
        }
    }
    return NULL;
}

static int add(struct mu_reach *reach, const struct mu_registry *registry, struct mu_err *err) {
    MU_TRY(mu_grow((void **)&reach->v, &reach->capacity, reach->n + 1, sizeof *reach->v, err));
    size_t same = 1;
    for (size_t i = 0; i < reach->n; i++) {
        same += strcmp(reach->v[i].registry->what, registry->what) == 0;
    }
    struct mu_reached *r = &reach->v[reach->n++];
    *r = (struct mu_reached){.registry = registry};
    mu_append(r->name, sizeof r->name, "%s", registry->what);
    for (char *c = r->name; *c != '\0'; c++) {
        *c = *c == ' ' ? '_' : *c;
    }
    if (same > 1) {
        mu_append(r->name, sizeof r->name, "_%zu", same);
    }
    return MU_OK;
}

/* Registries may contain themselves (a mixture of distributions): one that is listed is not entered again. */
static int visit(const struct mu_group *group, struct mu_reach *reach, struct mu_err *err) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role != MU_OPTION) {
            continue;
        }
        if (f->type == MU_GROUP) {
            MU_TRY(visit(f->of, reach, err));
        }
        if (f->type != MU_CHOICE && f->type != MU_TAG) {
            continue;
        }
        const struct mu_registry *registry = f->of;
        const bool seen = find(reach, registry) != NULL;
        if (!seen) {
            MU_TRY(add(reach, registry, err));
        }
        find(reach, registry)->chosen |= f->type == MU_CHOICE;
        for (size_t i = 0; !seen && i < registry->n; i++) {
            MU_TRY(visit(&registry->rows[i]->group, reach, err));
        }
    }
    return MU_OK;
}

int mu_reach(const struct mu_group *root, struct mu_reach *reach, struct mu_err *err) {
    *reach = (struct mu_reach){0};
    return visit(root, reach, err);
}

void mu_reach_clear(struct mu_reach *reach) {
    mu_free(reach->v);
    *reach = (struct mu_reach){0};
}

const char *mu_reach_name(const struct mu_reach *reach, const struct mu_registry *registry) {
    const struct mu_reached *r = find(reach, registry);
    return r == NULL ? registry->what : r->name;
}
