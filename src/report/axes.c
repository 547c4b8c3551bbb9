#include "axes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"

struct search {
    struct mu_axes *axes;
    size_t n;
    cJSON *const *config;
    size_t *refined; /* scratch: the groups if the pointer at hand were an axis too */
    bool kinds;      /* which pass: pointers that end in a kind, or the others */
};

const cJSON *mu_axes_value(const cJSON *config, const char *path) {
    const cJSON *at = config;
    while (at != NULL && *path == '/') {
        char name[160];
        const size_t length = strcspn(++path, "/");
        if (length >= sizeof name) {
            return NULL;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        at = cJSON_GetObjectItemCaseSensitive(at, name);
        path += length;
    }
    return at;
}

static bool is_equal(const cJSON *a, const cJSON *b) {
    return a == b || (a != NULL && b != NULL && cJSON_Compare(a, b, true));
}

/* The groups of refined[] if every group is split by the values at `path`; returns their number. Each run is compared
 * with the first of each group: few groups differ where it matters, and studies have hundreds of runs at most. */
static size_t refine(struct search *s, const char *path) {
    size_t groups = 0;
    for (size_t i = 0; i < s->n; i++) {
        const cJSON *value = mu_axes_value(s->config[i], path);
        size_t j = 0;
        while (j < i &&
               (s->axes->group[j] != s->axes->group[i] || !is_equal(value, mu_axes_value(s->config[j], path)))) {
            j++;
        }
        s->refined[i] = j < i ? s->refined[j] : groups++;
    }
    return groups;
}

static bool counts_as_kind(const char *name) {
    return strcmp(name, "kind") == 0 || strcmp(name, "source") == 0 || strcmp(name, "clock") == 0;
}

static bool is_left_out(const char *path) {
    return strcmp(path, "/seed") == 0 || strcmp(path, "/name") == 0 || strncmp(path, "/output", 7) == 0;
}

static void try_axis(struct search *s, const char *path) {
    struct mu_axes *axes = s->axes;
    if (axes->n == MU_AXES || strlen(path) >= sizeof axes->path[0]) {
        return;
    }
    const size_t groups = refine(s, path);
    if (groups == axes->groups) {
        return;
    }
    snprintf(axes->path[axes->n++], sizeof axes->path[0], "%s", path);
    axes->groups = groups;
    memcpy(axes->group, s->refined, s->n * sizeof *axes->group);
}

static bool is_first_of_group(const struct mu_axes *axes, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (axes->group[j] == axes->group[i]) {
            return false;
        }
    }
    return true;
}

static void walk(struct search *s, const cJSON *at, char *path, size_t length) {
    for (const cJSON *member = at->child; member != NULL; member = member->next) {
        const int added = snprintf(path + length, 160 - length, "/%s", member->string);
        if (added < 0 || (size_t)added >= 160 - length || is_left_out(path)) {
            path[length] = '\0';
            continue;
        }
        if (cJSON_IsObject(member)) {
            walk(s, member, path, length + (size_t)added);
        } else if (counts_as_kind(member->string) == s->kinds) {
            try_axis(s, path);
        }
        path[length] = '\0';
    }
}

int mu_axes_find(struct mu_axes *axes, size_t n, cJSON *const *config, struct mu_err *err) {
    *axes = (struct mu_axes){.groups = n > 0 ? 1 : 0};
    struct search s = {.axes = axes, .n = n, .config = config};
    axes->group = mu_alloc(n, sizeof *axes->group, err);
    axes->family = mu_alloc(n, sizeof *axes->family, err);
    s.refined = mu_alloc(n, sizeof *s.refined, err);
    if (axes->group == NULL || axes->family == NULL || s.refined == NULL) {
        mu_free(s.refined);
        mu_axes_clear(axes);
        return err->code;
    }
    /* A configuration may have pointers that the first does not, those of another kind: so one of each group found so
     * far is walked. One pointer looked at twice splits nothing the second time. */
    for (int pass = 0; pass < 2; pass++) {
        s.kinds = pass == 0;
        for (size_t i = 0; i < n; i++) {
            char path[160] = "";
            if (is_first_of_group(axes, i)) {
                walk(&s, config[i], path, 0);
            }
        }
        if (s.kinds && n > 0) {
            memcpy(axes->family, axes->group, n * sizeof *axes->family);
            axes->families = axes->groups;
        }
    }
    mu_free(s.refined);
    return MU_OK;
}

void mu_axes_clear(struct mu_axes *axes) {
    mu_free(axes->group);
    mu_free(axes->family);
    *axes = (struct mu_axes){0};
}
