/* Worlds from JSON text, for the tests of this layer. */
#ifndef MUSTER_TESTS_WORLD_SCENE_H
#define MUSTER_TESTS_WORLD_SCENE_H

#include "support.h"

#include <cjson/cJSON.h>

#include "muster/world/world.h"

/* A world with the config that it borrows from. */
struct scene {
    struct mu_world_config config;
    struct mu_world *world;
};

/* `text` is the JSON of the "world" section; single quotes stand for double ones. */
static inline int scene_try(struct scene *s, const char *text, uint32_t clients, uint64_t seed, struct mu_err *err) {
    *s = (struct scene){.world = NULL};
    char json[2048];
    snprintf(json, sizeof json, "%s", text);
    for (char *c = json; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    struct cJSON *object = cJSON_Parse(json);
    if (object == NULL) {
        fail_msg("not JSON: %s", json);
    }
    const int rc = mu_group_parse(&mu_world_group, object, "test.json", "/world", &s->config, err);
    cJSON_Delete(object);
    return rc != MU_OK ? rc : mu_world_new(&s->world, &s->config, "test.json", seed, clients, err);
}

static inline void scene_clear(struct scene *s) {
    mu_world_free(s->world);
    mu_group_clear(&mu_world_group, &s->config);
}

static inline void scene_new(struct scene *s, const char *text, uint32_t clients) {
    struct mu_err err = {0};
    scene_try(s, text, clients, 7, &err);
    support_expect_ok(&err);
}

/* The world is refused, with an error at `place` that contains `text`. */
static inline void scene_expect_error(const char *json, uint32_t clients, const char *place, const char *text) {
    struct scene s;
    struct mu_err err = {0};
    scene_try(&s, json, clients, 7, &err);
    if (err.code == MU_OK) {
        fail_msg("accepted: %s", json);
    }
    support_expect_error(&err, MU_BAD_CONFIG, place, text);
    scene_clear(&s);
}

static inline struct mu_job_time scene_job(const struct scene *s, uint32_t client, uint32_t ordinal) {
    return mu_world_job(s->world, &(struct mu_job_request){.client = client, .ordinal = ordinal});
}

static inline uint64_t scene_ns(const struct scene *s, uint32_t client, uint32_t ordinal) {
    return scene_job(s, client, ordinal).duration_ns;
}

#endif
