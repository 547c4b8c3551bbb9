/* Data that is kept from one point to the next: to load and deal out a data set takes longer than a small run. */
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "study_impl.h"

/* The seed deals the rows out, so it is part of what the data is. Defaults are not filled in: points of one sweep leave
 * the same things away. */
int mu_kept_key(const cJSON *config, char **key, struct mu_err *err) {
    cJSON *pair = cJSON_CreateArray();
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(config, "data");
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(config, "seed");
    cJSON_AddItemToArray(pair, data != NULL ? cJSON_Duplicate(data, true) : cJSON_CreateNull());
    cJSON_AddItemToArray(pair, seed != NULL ? cJSON_Duplicate(seed, true) : cJSON_CreateNull());
    const int code = mu_json_print(pair, key, err);
    cJSON_Delete(pair);
    return code;
}

static void drop(struct mu_kept_one *one) {
    mu_data_free(one->data);
    mu_scenario_clear(&one->scenario);
    mu_free(one->key);
    *one = (struct mu_kept_one){0};
}

static int load(struct mu_kept_one *one, const cJSON *config, const char *file, struct mu_comm *comm,
                struct mu_err *err) {
    MU_TRY(mu_group_parse(&mu_scenario_group, config, file, "", &one->scenario, err));
    return mu_data_new(&one->data, &one->scenario.data, file, (uint64_t)one->scenario.seed, comm, err);
}

int mu_kept_get(struct mu_kept *kept, const cJSON *config, const char *file, struct mu_comm *comm,
                struct mu_data **data, struct mu_err *err) {
    char *key = NULL;
    *data = NULL;
    MU_TRY(mu_comm_agree(comm, mu_kept_key(config, &key, err), err));
    for (size_t i = 0; i < MU_KEPT; i++) {
        if (kept->one[i].key != NULL && strcmp(kept->one[i].key, key) == 0) {
            mu_free(key);
            *data = kept->one[i].data;
            return MU_OK;
        }
    }
    struct mu_kept_one *one = &kept->one[kept->next];
    drop(one); /* before the new data is loaded: both need not fit */
    const int code = load(one, config, file, comm, err);
    if (code != MU_OK) {
        mu_free(key);
        drop(one);
        return code;
    }
    one->key = key;
    *data = one->data;
    kept->next = (kept->next + 1) % MU_KEPT;
    kept->loads++;
    return MU_OK;
}

void mu_kept_clear(struct mu_kept *kept) {
    for (size_t i = 0; i < MU_KEPT; i++) {
        drop(&kept->one[i]);
    }
}
