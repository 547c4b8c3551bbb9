/* Making JSON piece by piece: that memory ran out is found at the end, and nothing leaks on the way there. */
#ifndef MUSTER_CONFIG_BUILD_H
#define MUSTER_CONFIG_BUILD_H

#include <stdbool.h>

struct cJSON;

struct mu_build {
    bool failed; /* out of memory: what was made is not whole */
};

/* Adds an item to an object, or without a key to an array, and passes it on. What cannot be added, because it or the
 * parent is NULL, is deleted, and `failed` is set. */
struct cJSON *mu_build_add(struct mu_build *build, struct cJSON *parent, const char *key, struct cJSON *item);

/* Adds a new object, array or text. */
struct cJSON *mu_build_object(struct mu_build *build, struct cJSON *parent, const char *key);
struct cJSON *mu_build_array(struct mu_build *build, struct cJSON *parent, const char *key);
void mu_build_text(struct mu_build *build, struct cJSON *parent, const char *key, const char *text);

#endif
