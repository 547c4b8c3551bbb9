#include "muster/config/build.h"

#include <cjson/cJSON.h>

cJSON *mu_build_add(struct mu_build *build, cJSON *parent, const char *key, cJSON *item) {
    const bool done = key == NULL ? cJSON_AddItemToArray(parent, item) : cJSON_AddItemToObject(parent, key, item);
    if (!done) {
        cJSON_Delete(item);
        build->failed = true;
        return NULL;
    }
    return item;
}

cJSON *mu_build_object(struct mu_build *build, cJSON *parent, const char *key) {
    return mu_build_add(build, parent, key, cJSON_CreateObject());
}

cJSON *mu_build_array(struct mu_build *build, cJSON *parent, const char *key) {
    return mu_build_add(build, parent, key, cJSON_CreateArray());
}

void mu_build_text(struct mu_build *build, cJSON *parent, const char *key, const char *text) {
    mu_build_add(build, parent, key, cJSON_CreateString(text));
}
