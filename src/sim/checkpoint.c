/* Saving. */
#include "checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/state.h"
#include "worker_impl.h"

enum { PATH = 4400, KEPT = 2 };

static void add_piece(struct mu_piece *piece, size_t *n, const char *name, void *data, size_t bytes) {
    struct mu_piece *p = &piece[(*n)++];
    snprintf(p->name, sizeof p->name, "%.63s", name);
    p->data = data;
    p->bytes = bytes;
}

size_t mu_checkpoint_pieces(struct mu_sim *sim, struct mu_piece piece[static MU_MAX_PIECES]) {
    struct mu_sim_result *r = sim->result;
    struct mu_population *p = &sim->population;
    const size_t clients = p->n;
    size_t n = 0;
#define SCALAR(name, lvalue) add_piece(piece, &n, name, &(lvalue), sizeof(lvalue))
    SCALAR("now_ns", sim->now_ns);
    SCALAR("events", sim->events);
    SCALAR("dispatched", sim->dispatched);
    SCALAR("in_flight", sim->in_flight);
    SCALAR("restless", sim->restless);
    SCALAR("fruitless", sim->fruitless);
    SCALAR("infinite", sim->infinite);
    SCALAR("samples", sim->samples);
    SCALAR("evaluated", sim->evaluated);
    SCALAR("tally", sim->tally);
    SCALAR("test_accuracy", sim->test_accuracy);
    SCALAR("divergence", sim->divergence);
    SCALAR("steps", r->steps);
    SCALAR("updates", r->updates);
    SCALAR("dropped", r->dropped);
    SCALAR("bytes_up", r->bytes_up);
    SCALAR("bytes_down", r->bytes_down);
    SCALAR("privacy.clip", sim->private.clip);
    SCALAR("privacy.releases", sim->private.releases);
    SCALAR("privacy.tree_steps", sim->private.tree_steps);
    SCALAR("privacy.most_steps", sim->private.most_steps);
    SCALAR("draws", p->draws);
    SCALAR("idle", p->idle);
    SCALAR("retired", p->retired);
#undef SCALAR
    add_piece(piece, &n, "order", p->order, clients * sizeof *p->order);
    add_piece(piece, &n, "client", p->client, clients * sizeof *p->client);
    if (sim->own_max_abs != NULL) {
        add_piece(piece, &n, "own_max_abs", sim->own_max_abs, clients * sizeof *sim->own_max_abs);
    }
    for (uint32_t s = 0; s < sim->slots; s++) {
        char name[64];
        snprintf(name, sizeof name, "slot%u.steps", s);
        add_piece(piece, &n, name, &sim->slot[s].steps, sizeof sim->slot[s].steps);
        snprintf(name, sizeof name, "slot%u.step_norm", s);
        add_piece(piece, &n, name, &sim->slot[s].step_norm, sizeof sim->slot[s].step_norm);
        snprintf(name, sizeof name, "slot%u.direction", s);
        add_piece(piece, &n, name, sim->slot[s].direction, sim->dim * sizeof(double));
        for (int m = 0; m < MU_MOMENTS && sim->slot[s].moment[m] != NULL; m++) {
            snprintf(name, sizeof name, "slot%u.moment%d", s, m);
            add_piece(piece, &n, name, sim->slot[s].moment[m], sim->dim * sizeof(double));
        }
    }
    return n;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t n) {
    /* FNV-1a with its published constants. */
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

uint64_t mu_checkpoint_names(size_t n, const struct mu_array *array) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < n; i++) {
        const struct mu_array *a = &array[i];
        if (strcmp(a->name, MU_HEADER) == 0) {
            continue;
        }
        hash = hash_bytes(hash, a->name, strlen(a->name) + 1);
        hash = hash_bytes(hash, &a->elem, sizeof a->elem);
        hash = hash_bytes(hash, a->shape, a->axes * sizeof *a->shape);
    }
    return hash;
}

/* The arrays of a checkpoint under construction; `owned` are the ones made for it. */
struct bundle {
    struct mu_array *array;
    size_t n;
    void *owned[8];
    size_t n_owned;
};

static void add_array(struct bundle *b, const char *name, enum mu_elem elem, const void *data, size_t count) {
    struct mu_array *a = &b->array[b->n++];
    *a = (struct mu_array){.elem = elem, .axes = 1, .shape = {count}, .data = (void *)(uintptr_t)data};
    snprintf(a->name, sizeof a->name, "%.63s", name);
}

/* Room for what is made for the checkpoint; released with it. */
static void *own(struct bundle *b, size_t n, size_t size, struct mu_err *err) {
    return b->owned[b->n_owned++] = mu_alloc(n, size, err);
}

static size_t count_versions(const struct mu_sim *sim) {
    size_t n = 0;
    for (uint32_t s = 0; s < sim->slots; s++) {
        n += sim->slot[s].versions.n;
    }
    return n;
}

static int by_id(const void *a, const void *b) {
    const struct mu_saved_job *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Jobs in the order of their dispatch. */
static int add_jobs(struct bundle *b, const struct mu_sim *sim) {
    struct mu_saved_job *saved = own(b, sim->jobs.n, sizeof *saved, sim->err);
    if (saved == NULL) {
        return sim->err->code;
    }
    size_t n = 0;
    for (size_t i = 0; i < sim->jobs.capacity; i++) {
        const struct mu_sim_job *j = sim->jobs.entry[i].value;
        if (sim->jobs.entry[i].key == 0) {
            continue;
        }
        saved[n++] = (struct mu_saved_job){
            .id = j->id,
            .client = j->client,
            .ordinal = j->ordinal,
            .slot = j->work.slot,
            .control = j->work.control,
            .bvr = j->work.bvr,
            .cached = j->work.cached,
            .useful_until = j->work.useful_until,
            .gradient = j->gradient != NULL,
            .clip = j->clip,
            .clipped = j->clipped,
            .version = j->version,
            .control_version = j->kept_control != NULL ? j->kept_control->number : 0,
            .dispatch_ns = j->dispatch_ns,
            .arrive_ns = j->arrive_ns,
            .cost = j->cost,
            .step = j->step,
            .lr = j->lr,
            .weight = j->weight,
            .control_max_abs = j->arrived ? j->control_max_abs : 0,
            .result = j->arrived ? j->result : (struct mu_local_result){0},
            .lost = j->lost,
            .offline = j->offline,
            .useless = j->useless,
            .arrived = j->arrived,
        };
    }
    qsort(saved, n, sizeof *saved, by_id);
    add_array(b, "jobs", MU_U8, saved, n * sizeof *saved);
    struct mu_blob gradients = {0};
    int code = MU_OK;
    for (size_t i = 0; i < n && code == MU_OK; i++) {
        code = mu_gradient_save(mu_map_get(&sim->jobs, saved[i].id), &gradients, sim->err);
    }
    b->owned[b->n_owned++] = gradients.data;
    add_array(b, "gradients", MU_U8, gradients.data, gradients.n);
    return code;
}

/* Each version's numbers where they are: there may be hundreds of large ones. */
static int add_versions(struct bundle *b, const struct mu_sim *sim) {
    struct mu_saved_version *saved = own(b, count_versions(sim), sizeof *saved, sim->err);
    if (saved == NULL) {
        return sim->err->code;
    }
    size_t n = 0;
    for (uint32_t s = 0; s < sim->slots; s++) {
        const struct mu_map *versions = &sim->slot[s].versions;
        for (size_t i = 0; i < versions->capacity; i++) {
            const struct mu_version *v = versions->entry[i].value;
            if (versions->entry[i].key != 0) {
                char name[64];
                snprintf(name, sizeof name, "version.%u.%llu", s, (unsigned long long)v->number);
                add_array(b, name, MU_F64, v->x, sim->dim);
                saved[n++] = (struct mu_saved_version){s, v->number, v->max_abs};
            }
        }
    }
    add_array(b, "versions", MU_U8, saved, n * sizeof *saved);
    return MU_OK;
}

static int add_observer(struct bundle *b, const struct mu_sim *sim) {
    const struct mu_observer *observer = sim->setup->observer;
    if (observer->save == NULL) {
        return MU_OK;
    }
    const void *state = NULL;
    size_t n = 0;
    MU_TRY(observer->save(observer->context, &state, &n, sim->err));
    add_array(b, "observer", MU_U8, state, n);
    return MU_OK;
}

static int add_ledger(struct bundle *b, const char *name, const struct mu_ledger *ledger, struct mu_err *err) {
    struct mu_blob state = {0};
    const int code = mu_state_save(&mu_ledger_group, ledger, &state, err);
    b->owned[b->n_owned++] = state.data;
    add_array(b, name, MU_U8, state.data, state.n);
    return code;
}

static int add_strategy(struct bundle *b, const struct mu_sim *sim) {
    struct mu_blob state = {0};
    const int code = mu_state_save(&sim->setup->strategy->kind.group, sim->setup->strategy_state, &state, sim->err);
    b->owned[b->n_owned++] = state.data;
    add_array(b, "strategy", MU_U8, state.data, state.n);
    return code;
}

static void add_engine(struct bundle *b, struct mu_sim *sim) {
    struct mu_piece piece[MU_MAX_PIECES];
    const size_t pieces = mu_checkpoint_pieces(sim, piece);
    for (size_t i = 0; i < pieces; i++) {
        add_array(b, piece[i].name, MU_U8, piece[i].data, piece[i].bytes);
    }
    const struct mu_step_parts *parts = &sim->parts;
    add_array(b, "queue", MU_U8, sim->queue.heap, sim->queue.n * sizeof *sim->queue.heap);
    add_array(b, "parts.job", MU_U8, parts->job, parts->n * sizeof *parts->job);
    add_array(b, "parts.staleness", MU_U8, parts->staleness, parts->n * sizeof *parts->staleness);
    add_array(b, "parts.client", MU_U8, parts->client, parts->n * sizeof *parts->client);
    add_array(b, "parts.weight", MU_U8, parts->weight, parts->n * sizeof *parts->weight);
}

static int write_engine(struct mu_sim *sim, const char *directory) {
    enum { OTHERS = 16 }; /* arrays beside pieces and versions */
    struct bundle b = {.array = mu_alloc(MU_MAX_PIECES + OTHERS + count_versions(sim), sizeof *b.array, sim->err)};
    if (b.array == NULL) {
        return sim->err->code;
    }
    struct mu_checkpoint_header header = {
        .format = MU_CHECKPOINT_FORMAT,
        .dim = sim->dim,
        .clients = sim->population.n,
        .rows = mu_data_total(sim->setup->data),
        .slots = sim->slots,
        .job_bytes = sizeof(struct mu_saved_job),
        .vectors = sim->worker->vectors_saved,
    };
    snprintf(header.version, sizeof header.version, "%s", MUSTER_VERSION);
    snprintf(header.identity, sizeof header.identity, "%s", sim->setup->checkpoint->identity);
    add_array(&b, MU_HEADER, MU_U8, &header, sizeof header);
    add_engine(&b, sim);
    int code = add_strategy(&b, sim);
    code = code != MU_OK ? code : add_ledger(&b, "privacy.ledger", &sim->private.ledger, sim->err);
    code = code != MU_OK ? code : add_ledger(&b, "privacy.messages", &sim->private.messages, sim->err);
    code = code != MU_OK ? code : add_jobs(&b, sim);
    code = code != MU_OK ? code : add_versions(&b, sim);
    code = code != MU_OK ? code : add_observer(&b, sim);
    if (code == MU_OK) {
        char path[PATH + 300];
        snprintf(path, sizeof path, "%s/engine.npz", directory);
        header.arrays = b.n;
        header.names = mu_checkpoint_names(b.n, b.array);
        code = mu_npz_write(path, b.n, b.array, sim->err);
    }
    for (size_t i = 0; i < b.n_owned; i++) {
        mu_free(b.owned[i]);
    }
    mu_free(b.array);
    return code;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_checkpoint(const struct dirent *entry) {
    return strncmp(entry->d_name, MU_CHECKPOINT_PREFIX, sizeof MU_CHECKPOINT_PREFIX - 1) == 0;
}

/* What cannot be removed is left: it costs space, not correctness. */
static void remove_directory(const char *directory) {
    struct mu_err ignored = {0};
    (void)mu_dir_remove(directory, &ignored);
}

void mu_checkpoint_remove_old(const char *directory, const char *name) {
    struct dirent **entry = NULL;
    const int n = scandir(directory, &entry, is_checkpoint, by_name);
    int newest = n - 1;
    while (newest > 0 && strcmp(entry[newest]->d_name, name) > 0) {
        newest--;
    }
    for (int i = 0; i < n; i++) {
        if (i + KEPT <= newest || i > newest) {
            char path[PATH + 300];
            snprintf(path, sizeof path, "%s/%.100s", directory, entry[i]->d_name);
            remove_directory(path);
        }
        free(entry[i]);
    }
    free(entry);
}

/* Names must be on the disk before what they replace goes. */
static void sync_directory(const char *directory) {
    const int fd = open(directory, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static int write_all(struct mu_sim *sim, const char *writing) {
    MU_TRY(mu_dir_create(writing, sim->err));
    if (sim->setup->strategy->client_vectors) {
        struct mu_save_command command = {.head = {MU_COMMAND_SAVE, sizeof command}};
        snprintf(command.directory, sizeof command.directory, "%s", writing);
        MU_TRY(mu_sim_post_all(sim, &command));
    }
    MU_TRY(mu_private_save_key(sim, writing));
    MU_TRY(write_engine(sim, writing));
    sync_directory(writing);
    return MU_OK;
}

int mu_checkpoint_save(struct mu_sim *sim) {
    const char *directory = sim->setup->checkpoint->directory;
    char name[64], writing[PATH], final[PATH];
    snprintf(name, sizeof name, MU_CHECKPOINT_PREFIX "%012llu-event-%015llu", (unsigned long long)sim->result->steps,
             (unsigned long long)sim->events);
    /* A name of its own: another host may still take that of an earlier one for the directory that it became. */
    snprintf(writing, sizeof writing, "%s/" MU_WRITING "%s", directory, name);
    snprintf(final, sizeof final, "%s/%s", directory, name);
    int code = write_all(sim, writing);
    if (code == MU_OK) {
        remove_directory(final); /* it was damaged, or this run would have gone on from there */
        if (rename(writing, final) != 0) {
            code = mu_fail(sim->err, MU_IO, final, "cannot write the checkpoint: %s", strerror(errno));
        }
    }
    if (code != MU_OK) {
        remove_directory(writing); /* on a full disk it may be what keeps the rest from being written */
        return code;
    }
    sync_directory(directory);
    mu_checkpoint_remove_old(directory, name);
    return MU_OK;
}
