/* Going on from a checkpoint. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/mem.h"
#include "muster/config/state.h"
#include "worker_impl.h"

static const struct mu_array *find(const struct mu_loaded *loaded, const char *name) {
    for (size_t i = 0; i < loaded->n; i++) {
        if (strcmp(loaded->array[i].name, name) == 0) {
            return &loaded->array[i];
        }
    }
    return NULL;
}

/* Bytes of an array; 0 for one that is absent. */
static size_t bytes_of(const struct mu_array *array) {
    return array != NULL ? mu_array_count(array) * mu_elem_bytes(array->elem) : 0;
}

void mu_loaded_clear(struct mu_loaded *loaded) {
    mu_npz_free(loaded->n, loaded->array);
    *loaded = (struct mu_loaded){0};
}

static int is_checkpoint(const struct dirent *entry) {
    return strncmp(entry->d_name, MU_CHECKPOINT_PREFIX, sizeof MU_CHECKPOINT_PREFIX - 1) == 0;
}

static int is_unfinished(const struct dirent *entry) {
    return strncmp(entry->d_name, MU_WRITING, sizeof MU_WRITING - 1) == 0;
}

bool mu_checkpoint_exists(const char *directory) {
    struct dirent **entry = NULL;
    const int n = scandir(directory, &entry, is_checkpoint, alphasort);
    for (int i = 0; i < n; i++) {
        free(entry[i]);
    }
    free(entry);
    return n > 0;
}

static void remove_unfinished(const char *directory) {
    struct dirent **entry = NULL;
    const int n = scandir(directory, &entry, is_unfinished, alphasort);
    for (int i = 0; i < n; i++) {
        char path[5000];
        struct mu_err ignored = {0};
        snprintf(path, sizeof path, "%s/%.100s", directory, entry[i]->d_name);
        (void)mu_dir_remove(path, &ignored);
        free(entry[i]);
    }
    free(entry);
}

/* Whether the arrays are those that were written. A header of another size is of another version, not damaged. */
static int check_arrays(const struct mu_loaded *loaded, const char *path, struct mu_err *err) {
    const struct mu_array *array = find(loaded, MU_HEADER);
    struct mu_checkpoint_header h;
    if (array == NULL) {
        return mu_fail(err, MU_IO, path, "the header is missing");
    }
    if (bytes_of(array) != sizeof h) {
        return MU_OK;
    }
    memcpy(&h, array->data, sizeof h);
    const bool whole = h.arrays == loaded->n && h.names == mu_checkpoint_names(loaded->n, loaded->array);
    return whole ? MU_OK : mu_fail(err, MU_IO, path, "arrays are missing");
}

/* Fills `loaded`, or leaves it empty. */
static int read_engine(const char *directory, const char *name, struct mu_loaded *loaded, struct mu_err *err) {
    char path[5000];
    snprintf(loaded->directory, sizeof loaded->directory, "%s/%.100s", directory, name);
    snprintf(path, sizeof path, "%s/engine.npz", loaded->directory);
    int code = mu_npz_read(path, &loaded->n, &loaded->array, err);
    code = code != MU_OK ? code : check_arrays(loaded, path, err);
    if (code != MU_OK) {
        mu_loaded_clear(loaded);
    }
    return code;
}

static int check_header(const struct mu_sim_setup *setup, const struct mu_loaded *loaded, size_t dim,
                        struct mu_err *err) {
    const struct mu_array *array = find(loaded, MU_HEADER);
    struct mu_checkpoint_header h;
    if (bytes_of(array) != sizeof h) {
        return mu_fail(err, MU_BAD_CONFIG, loaded->directory, "is not a checkpoint of this version of muster");
    }
    memcpy(&h, array->data, sizeof h);
    if (strncmp(h.version, MUSTER_VERSION, sizeof h.version) != 0 || h.format != MU_CHECKPOINT_FORMAT ||
        h.job_bytes != sizeof(struct mu_saved_job)) {
        return mu_fail(err, MU_BAD_CONFIG, loaded->directory, "is a checkpoint of muster %.30s, this is %s", h.version,
                       MUSTER_VERSION);
    }
    if (strncmp(h.identity, setup->checkpoint->identity, sizeof h.identity) != 0 || h.dim != dim) {
        mu_fail(err, MU_BAD_CONFIG, loaded->directory, "is a checkpoint of another config");
        return mu_fail_help(err,
                            "resume with the config the run was started with: its directory has it as config.json");
    }
    if (h.clients != mu_data_clients(setup->data) || h.rows != mu_data_total(setup->data)) {
        return mu_fail(err, MU_BAD_CONFIG, loaded->directory,
                       "the data have changed since: there were %llu rows of %llu clients", (unsigned long long)h.rows,
                       (unsigned long long)h.clients);
    }
    return MU_OK;
}

/* The checkpoints of a run, the oldest first. Rank 0. */
struct candidates {
    struct dirent **entry;
    int n, left; /* left: not tried yet, the first ones */
};

static void warn_of(const char *what, const struct mu_err *damage) {
    mu_warn("%s is damaged (%s); trying the checkpoint before it", damage->place[0] != '\0' ? damage->place : what,
            damage->text);
}

/* Rank 0: the newest checkpoint that has not been tried and whose engine is whole, an empty `directory` if there is
 * none. */
static int read_next(const struct mu_worker *w, struct candidates *c, struct mu_loaded *loaded, struct mu_err *err) {
    const struct mu_sim_setup *setup = w->setup;
    while (c->left > 0) {
        struct mu_err damage = {0};
        const char *name = c->entry[--c->left]->d_name;
        const int code = read_engine(setup->checkpoint->directory, name, loaded, &damage);
        if (code == MU_OK) {
            return check_header(setup, loaded, w->dim, err);
        }
        if (code == MU_RANK_FAILED) { /* no memory: the next one will need as much */
            *err = damage;
            return code;
        }
        warn_of(name, &damage);
    }
    return MU_OK;
}

static uint64_t count_vectors(const struct mu_loaded *loaded) {
    const struct mu_array *array = find(loaded, MU_HEADER);
    struct mu_checkpoint_header h = {0};
    if (array != NULL) {
        memcpy(&h, array->data, sizeof h);
    }
    return h.vectors;
}

/* Collective: one checkpoint after the other, the newest first, until one is whole on all ranks. */
static int open_newest(struct mu_worker *w, struct candidates *c, struct mu_loaded *loaded, struct mu_err *err) {
    const bool root = mu_comm_rank(w->comm) == 0;
    for (;;) {
        const int code = root ? read_next(w, c, loaded, err) : MU_OK;
        MU_TRY(mu_comm_agree(w->comm, code, err));
        mu_comm_bcast(w->comm, loaded->directory, sizeof loaded->directory);
        if (loaded->directory[0] == '\0' || !w->setup->strategy->client_vectors) {
            return MU_OK;
        }
        struct mu_err damage = {0};
        const int found = mu_checkpoint_load_vectors(w, loaded->directory, count_vectors(loaded), &damage);
        if (found == MU_OK) {
            return MU_OK;
        }
        if (found == MU_RANK_FAILED) {
            *err = damage;
            return found;
        }
        warn_of(loaded->directory, &damage);
        mu_loaded_clear(loaded);
    }
}

int mu_checkpoint_open(struct mu_worker *w, struct mu_loaded *loaded, struct mu_err *err) {
    const char *directory = w->setup->checkpoint->directory;
    const bool root = mu_comm_rank(w->comm) == 0;
    struct candidates c = {0};
    *loaded = (struct mu_loaded){0};
    if (root) {
        remove_unfinished(directory);
        c.n = c.left = scandir(directory, &c.entry, is_checkpoint, alphasort);
    }
    int code = open_newest(w, &c, loaded, err);
    if (root && code == MU_OK && c.n > 0 && loaded->directory[0] == '\0') {
        mu_fail(err, MU_IO, directory, "every checkpoint is damaged");
        code = mu_fail_help(err, "start the run anew with --force");
    }
    if (root && code == MU_OK && c.n > 0) {
        /* The run may have been killed before it came to remove the old ones; a damaged one stays, as evidence. */
        const char *newest = c.entry[c.n - 1]->d_name, *taken = strrchr(loaded->directory, '/') + 1;
        if (strcmp(newest, taken) == 0) {
            mu_checkpoint_remove_old(directory, taken);
        }
    }
    for (int i = 0; i < c.n; i++) {
        free(c.entry[i]);
    }
    free(c.entry);
    return mu_comm_agree(w->comm, code, err);
}

static int damaged(struct mu_sim *sim, const struct mu_loaded *loaded, const char *name) {
    return mu_fail(sim->err, MU_IO, loaded->directory, "the array \"%s\" of engine.npz is not of this run", name);
}

static int load_pieces(struct mu_sim *sim, const struct mu_loaded *loaded) {
    struct mu_piece piece[MU_MAX_PIECES];
    const size_t n = mu_checkpoint_pieces(sim, piece);
    for (size_t i = 0; i < n; i++) {
        const struct mu_array *array = find(loaded, piece[i].name);
        if (bytes_of(array) != piece[i].bytes) {
            return damaged(sim, loaded, piece[i].name);
        }
        if (array != NULL) {
            memcpy(piece[i].data, array->data, piece[i].bytes);
        }
    }
    for (uint32_t i = 0; i < sim->population.n; i++) {
        if (sim->population.order[i] >= sim->population.n) {
            return damaged(sim, loaded, "order");
        }
        sim->population.place[sim->population.order[i]] = i;
    }
    return MU_OK;
}

static int load_queue(struct mu_sim *sim, const struct mu_loaded *loaded) {
    const struct mu_array *array = find(loaded, "queue");
    const size_t n = bytes_of(array) / sizeof(struct mu_event);
    for (size_t i = 0; i < n; i++) {
        MU_TRY(mu_queue_push(&sim->queue, ((const struct mu_event *)array->data)[i], sim->err));
    }
    return MU_OK;
}

static int load_parts(struct mu_sim *sim, const struct mu_loaded *loaded) {
    const struct mu_array *job = find(loaded, "parts.job"), *staleness = find(loaded, "parts.staleness");
    const struct mu_array *client = find(loaded, "parts.client"), *weight = find(loaded, "parts.weight");
    const size_t n = bytes_of(job) / sizeof(uint64_t);
    if (bytes_of(staleness) != n * 8 || bytes_of(client) != n * 4 || bytes_of(weight) != n * 8) {
        return damaged(sim, loaded, "parts");
    }
    for (size_t i = 0; i < n; i++) {
        const struct mu_sim_job stand_in = {.id = ((const uint64_t *)job->data)[i],
                                            .client = ((const uint32_t *)client->data)[i]};
        MU_TRY(mu_step_parts_add(&sim->parts, &stand_in, ((const uint64_t *)staleness->data)[i],
                                 ((const double *)weight->data)[i], sim->err));
    }
    return MU_OK;
}

static int load_version(struct mu_sim *sim, const struct mu_loaded *loaded, const struct mu_saved_version *saved,
                        const struct mu_array *x) {
    if (saved->slot >= sim->slots || bytes_of(x) != sim->dim * sizeof(double)) {
        return damaged(sim, loaded, "versions");
    }
    struct mu_slot *slot = &sim->slot[saved->slot];
    struct mu_version *version = NULL;
    MU_TRY(mu_version_new(sim, (uint32_t)saved->slot, saved->number, &version));
    version->refs = 0;
    version->max_abs = saved->max_abs;
    memcpy(version->x, x->data, sim->dim * sizeof(double));
    if (slot->current == NULL || slot->current->number < version->number) {
        slot->current = version;
    }
    return MU_OK;
}

/* Kept versions, with no references but that of being current, which the newest of each slot is. Their arrays stand in
 * the order of the list, and before it. */
static int load_versions(struct mu_sim *sim, const struct mu_loaded *loaded) {
    const struct mu_array *array = find(loaded, "versions");
    const size_t n = bytes_of(array) / sizeof(struct mu_saved_version);
    if (array == NULL || (size_t)(array - loaded->array) < n) {
        return damaged(sim, loaded, "versions");
    }
    for (size_t i = 0; i < n; i++) {
        MU_TRY(load_version(sim, loaded, (const struct mu_saved_version *)array->data + i, array - n + i));
    }
    for (uint32_t s = 0; s < sim->slots; s++) {
        struct mu_slot *slot = &sim->slot[s];
        if (slot->current == NULL) {
            return damaged(sim, loaded, "versions");
        }
        slot->current->refs = 1;
        if (sim->setup->strategy->differences && slot->current->number > 0) {
            slot->previous = mu_map_get(&slot->versions, slot->current->number);
            if (slot->previous == NULL) {
                return damaged(sim, loaded, "versions");
            }
            slot->previous->refs = 1;
        }
    }
    return MU_OK;
}

static int load_job(struct mu_sim *sim, const struct mu_loaded *loaded, const struct mu_saved_job *saved,
                    size_t *gradient_at, struct mu_sim_job **out) {
    struct mu_sim_job *job = mu_alloc(1, sizeof *job, sim->err);
    if (job == NULL) {
        return sim->err->code;
    }
    *job = (struct mu_sim_job){
        .id = saved->id,
        .client = saved->client,
        .ordinal = saved->ordinal,
        .work = {.slot = saved->slot,
                 .control = saved->control,
                 .bvr = saved->bvr,
                 .cached = saved->cached,
                 .useful_until = saved->useful_until},
        .version = saved->version,
        .dispatch_ns = saved->dispatch_ns,
        .arrive_ns = saved->arrive_ns,
        .cost = saved->cost,
        .lr = saved->lr,
        .lost = saved->lost,
        .offline = saved->offline,
        .useless = saved->useless,
        .arrived = saved->arrived,
        .rows = mu_data_size(sim->setup->data, saved->client),
        .result = saved->result,
        .control_max_abs = saved->control_max_abs,
        .clip = saved->clip,
        .clipped = saved->clipped != 0,
        .weight = saved->weight,
        .step = saved->step,
    };
    MU_TRY(mu_map_put(&sim->jobs, job->id, job, sim->err));
    const bool controlled = saved->control != MU_NO_SLOT;
    if (saved->slot >= sim->slots || (controlled && saved->control >= sim->slots)) {
        return damaged(sim, loaded, "jobs");
    }
    job->kept = mu_map_get(&sim->slot[saved->slot].versions, saved->version + 1);
    job->kept_control = controlled ? mu_map_get(&sim->slot[saved->control].versions, saved->control_version + 1) : NULL;
    if (job->kept == NULL || (controlled && job->kept_control == NULL)) {
        return damaged(sim, loaded, "jobs");
    }
    job->kept->refs++;
    if (controlled) {
        job->kept_control->refs++;
    }
    *out = job;
    if (saved->gradient == 0) {
        return MU_OK;
    }
    const struct mu_array *gradients = find(loaded, "gradients");
    bool good = false;
    if (gradients != NULL) {
        MU_TRY(mu_gradient_load(sim, job, gradients->data, bytes_of(gradients), gradient_at, &good));
    }
    return good ? MU_OK : damaged(sim, loaded, "gradients");
}

/* Makes a version the current one of every worker, unless it is. */
static int show_version(struct mu_sim *sim, uint32_t slot, struct mu_version *version, struct mu_version **shown) {
    if (shown[slot] == version) {
        return MU_OK;
    }
    shown[slot] = version;
    return mu_sim_spread(sim, slot, version);
}

/* The models of a job, as they were when it was dispatched. */
static int show_models(struct mu_sim *sim, const struct mu_sim_job *job, struct mu_version **shown) {
    const struct mu_gradient_order *g = job->gradient;
    for (uint64_t p = 0; g != NULL && p < g->parts; p++) {
        const uint32_t slot = g->wire.slot[p];
        if (g->before[p] != NULL && shown[slot] != g->kept[p]) {
            MU_TRY(show_version(sim, slot, g->before[p], shown));
        }
        MU_TRY(show_version(sim, slot, g->kept[p], shown));
    }
    if (g == NULL) {
        MU_TRY(show_version(sim, job->work.slot, job->kept, shown));
    }
    return job->kept_control != NULL ? show_version(sim, job->work.control, job->kept_control, shown) : MU_OK;
}

/* Jobs go out again in the order of their dispatch, each behind the version it starts from. */
static int send_jobs(struct mu_sim *sim, const struct mu_loaded *loaded, struct mu_version **shown) {
    const struct mu_array *array = find(loaded, "jobs");
    const size_t n = bytes_of(array) / sizeof(struct mu_saved_job);
    size_t gradient_at = 0;
    for (size_t i = 0; i < n; i++) {
        struct mu_sim_job *job = NULL;
        MU_TRY(load_job(sim, loaded, (const struct mu_saved_job *)array->data + i, &gradient_at, &job));
        mu_sim_fill_empty(sim, job);
        if (job->lost || job->useless || job->reported) {
            continue;
        }
        MU_TRY(show_models(sim, job, shown));
        MU_TRY(mu_sim_send_job(sim, job));
    }
    for (uint32_t s = 0; s < sim->slots; s++) {
        const struct mu_slot *slot = &sim->slot[s];
        if (slot->previous != NULL && shown[s] != slot->current) {
            MU_TRY(show_version(sim, s, slot->previous, shown));
        }
        MU_TRY(show_version(sim, s, slot->current, shown));
    }
    return mu_sim_flush(sim);
}

static int load_ledger(struct mu_sim *sim, const struct mu_loaded *loaded, const char *name, struct mu_ledger *ledger) {
    const struct mu_array *array = find(loaded, name);
    const unsigned char *data = array != NULL ? array->data : (const unsigned char *)"";
    return mu_state_load(&mu_ledger_group, ledger, data, bytes_of(array), sim->err);
}

int mu_checkpoint_resume(struct mu_sim *sim, const struct mu_loaded *loaded) {
    MU_TRY(load_pieces(sim, loaded));
    MU_TRY(load_queue(sim, loaded));
    MU_TRY(load_parts(sim, loaded));
    MU_TRY(load_versions(sim, loaded));
    const struct mu_array *strategy = find(loaded, "strategy");
    MU_TRY(mu_state_load(&sim->setup->strategy->kind.group, sim->setup->strategy_state,
                         strategy != NULL ? strategy->data : (const unsigned char *)"", bytes_of(strategy), sim->err));
    MU_TRY(load_ledger(sim, loaded, "privacy.ledger", &sim->private.ledger));
    MU_TRY(load_ledger(sim, loaded, "privacy.messages", &sim->private.messages));
    MU_TRY(mu_private_resume(sim));
    const struct mu_observer *observer = sim->setup->observer;
    const struct mu_array *observed = find(loaded, "observer");
    if (observer->restore != NULL && observed != NULL) {
        MU_TRY(observer->restore(observer->context, observed->data, bytes_of(observed), sim->err));
    }
    struct mu_version **shown = mu_alloc(sim->slots, sizeof(struct mu_version *), sim->err);
    if (shown == NULL) {
        return sim->err->code;
    }
    const int code = send_jobs(sim, loaded, shown);
    mu_free(shown);
    return code;
}
