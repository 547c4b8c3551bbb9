/* manifest.json: what made a run, on what, and when. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cJSON.h>

#include "json_file.h"
#include "muster/base/mem.h"
#include "recorder.h"

enum { HOST_NAME = 64 };

static bool is_listed(const char *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names + i * HOST_NAME, name) == 0) {
            return true;
        }
    }
    return false;
}

void mu_manifest_gather(struct mu_manifest *manifest, struct mu_comm *comm) {
    char mine[HOST_NAME] = {0};
    gethostname(mine, sizeof mine - 1);
    const size_t ranks = (size_t)mu_comm_size(comm);
    const bool root = mu_comm_rank(comm) == 0;
    char *all = root ? mu_alloc(ranks, HOST_NAME, NULL) : NULL;
    if (root && all == NULL) {
        mu_comm_abort(comm, MU_RANK_FAILED);
    }
    mu_comm_gather(comm, mine, HOST_NAME, all);
    *manifest =
        (struct mu_manifest){.ranks = (int)ranks, .n_hosts = mu_comm_hosts(comm), .start_time = (int64_t)time(NULL)};
    size_t used = 0;
    for (size_t i = 0; root && i < ranks; i++) {
        const char *name = all + i * HOST_NAME;
        const size_t room = sizeof manifest->hosts - used;
        if (!is_listed(all, i, name) && strlen(name) + 2 < room) {
            used += (size_t)snprintf(manifest->hosts + used, room, "%s%s", used > 0 ? "," : "", name);
        }
    }
    mu_free(all);
}

static void add_time(cJSON *json, const char *key, int64_t seconds) {
    if (seconds == 0) {
        cJSON_AddNullToObject(json, key);
        return;
    }
    char text[32];
    const time_t t = (time_t)seconds;
    struct tm utc;
    gmtime_r(&t, &utc);
    strftime(text, sizeof text, MU_MANIFEST_TIME, &utc);
    cJSON_AddStringToObject(json, key, text);
}

int mu_manifest_write(const struct mu_manifest *manifest, const char *directory, const struct mu_scenario *scenario,
                      struct mu_err *err) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "muster", MUSTER_VERSION);
    cJSON_AddStringToObject(json, "git_commit", MUSTER_COMMIT);
    cJSON_AddNumberToObject(json, "seed", (double)scenario->seed);
    cJSON_AddNumberToObject(json, "ranks", manifest->ranks);
    cJSON_AddNumberToObject(json, "hosts", manifest->n_hosts);
    cJSON_AddStringToObject(json, "host_names", manifest->hosts);
    cJSON_AddStringToObject(json, "mpi", mu_comm_library());
    cJSON_AddStringToObject(json, "blas", mu_blas_version());
    cJSON_AddStringToObject(json, "blas_kernel", mu_blas_kernel());
    mu_json_add_text(json, "noise_key", mu_privacy_noise_key(&scenario->privacy));
    cJSON_AddBoolToObject(json, "mixed_kernels_allowed", scenario->allow_mixed_kernels);
    add_time(json, "start", manifest->start_time);
    add_time(json, "end", manifest->end_time);
    cJSON_AddNumberToObject(json, "resumes", (double)manifest->resumes);
    add_time(json, "resumed", manifest->resume_time);
    return mu_json_file_write(directory, "manifest.json", json, err);
}
