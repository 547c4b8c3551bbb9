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
    SCALAR("samples", sim->samples);
    SCALAR("evaluated", sim->evaluated);
    SCALAR("tally", sim->tally);
    SCALAR("test_accuracy", sim->test_accuracy);
    SCALAR("steps", r->steps);
    SCALAR("updates", r->updates);
    SCALAR("dropped", r->dropped);
    SCALAR("bytes_up", r->bytes_up);
    SCALAR("bytes_down", r->bytes_down);
    SCALAR("draws", p->draws);
    SCALAR("idle", p->idle);
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
        snprintf(name, sizeof name, "slot%u.direction", s);
        add_piece(piece, &n, name, sim->slot[s].direction, sim->dim * sizeof(double));
        for (int m = 0; m < MU_MOMENTS && sim->slot[s].moment[m] != NULL; m++) {
            snprintf(name, sizeof name, "slot%u.moment%d", s, m);
            add_piece(piece, &n, name, sim->slot[s].moment[m], sim->dim * sizeof(double));
        }
    }
    return n;
}

void mu_checkpoint_header_fill(const struct mu_sim *sim, struct mu_checkpoint_header *h) {
    memset(h, 0, sizeof *h);
    snprintf(h->version, sizeof h->version, "%s", MUSTER_VERSION);
    snprintf(h->identity, sizeof h->identity, "%s", sim->setup->checkpoint->identity);
    h->format = MU_CHECKPOINT_FORMAT;
    h->dim = sim->dim;
    h->clients = sim->population.n;
    h->slots = sim->slots;
    h->job_bytes = sizeof(struct mu_saved_job);
}

/* The arrays of a checkpoint under construction; `owned` are the ones made for it. */
struct bundle {
    struct mu_array array[MU_MAX_PIECES + 16];
    size_t n;
    void *owned[4];
    size_t n_owned;
};

static void add_array(struct bundle *b, const char *name, enum mu_elem elem, const void *data, size_t count) {
    if (count == 0) {
        return; /* an absent array is an empty one */
    }
    struct mu_array *a = &b->array[b->n++];
    *a = (struct mu_array){.elem = elem, .axes = 1, .shape = {count}, .data = (void *)(uintptr_t)data};
    snprintf(a->name, sizeof a->name, "%.63s", name);
}

/* Room for what is made for the checkpoint; released with it. */
static void *own(struct bundle *b, size_t n, size_t size, struct mu_err *err) {
    return b->owned[b->n_owned++] = mu_alloc(n, size, err);
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
            .cached = j->work.cached,
            .useful_until = j->work.useful_until,
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
    return MU_OK;
}

static int add_versions(struct bundle *b, const struct mu_sim *sim) {
    size_t total = 0;
    for (uint32_t s = 0; s < sim->slots; s++) {
        total += sim->slot[s].versions.n;
    }
    struct mu_saved_version *saved = own(b, total, sizeof *saved, sim->err);
    double *x = own(b, total * (sim->dim > 0 ? sim->dim : 1), sizeof *x, sim->err);
    if (saved == NULL || x == NULL) {
        return sim->err->code;
    }
    size_t n = 0;
    for (uint32_t s = 0; s < sim->slots; s++) {
        const struct mu_map *versions = &sim->slot[s].versions;
        for (size_t i = 0; i < versions->capacity; i++) {
            const struct mu_version *v = versions->entry[i].value;
            if (versions->entry[i].key != 0) {
                memcpy(x + n * sim->dim, v->x, sim->dim * sizeof *x);
                saved[n++] = (struct mu_saved_version){s, v->number, v->max_abs};
            }
        }
    }
    add_array(b, "versions", MU_U8, saved, n * sizeof *saved);
    add_array(b, "versions.x", MU_F64, x, n * sim->dim);
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

static int write_engine(struct mu_sim *sim, const char *directory) {
    struct bundle b = {0};
    struct mu_bytes strategy = {0};
    struct mu_checkpoint_header header;
    struct mu_piece piece[MU_MAX_PIECES];
    mu_checkpoint_header_fill(sim, &header);
    add_array(&b, "header", MU_U8, &header, sizeof header);
    const size_t pieces = mu_checkpoint_pieces(sim, piece);
    for (size_t i = 0; i < pieces; i++) {
        add_array(&b, piece[i].name, MU_U8, piece[i].data, piece[i].bytes);
    }
    add_array(&b, "queue", MU_U8, sim->queue.heap, sim->queue.n * sizeof *sim->queue.heap);
    add_array(&b, "parts.job", MU_U8, sim->parts.job, sim->parts.n * sizeof *sim->parts.job);
    add_array(&b, "parts.staleness", MU_U8, sim->parts.staleness, sim->parts.n * sizeof *sim->parts.staleness);
    add_array(&b, "parts.client", MU_U8, sim->parts.client, sim->parts.n * sizeof *sim->parts.client);
    add_array(&b, "parts.weight", MU_U8, sim->parts.weight, sim->parts.n * sizeof *sim->parts.weight);
    int code = mu_state_save(&sim->setup->strategy->kind.group, sim->setup->strategy_state, &strategy, sim->err);
    add_array(&b, "strategy", MU_U8, strategy.data, strategy.n);
    code = code != MU_OK ? code : add_jobs(&b, sim);
    code = code != MU_OK ? code : add_versions(&b, sim);
    code = code != MU_OK ? code : add_observer(&b, sim);
    if (code == MU_OK) {
        char path[PATH + 300];
        snprintf(path, sizeof path, "%s/engine.npz", directory);
        code = mu_npz_write(path, b.n, b.array, sim->err);
    }
    for (size_t i = 0; i < b.n_owned; i++) {
        mu_free(b.owned[i]);
    }
    mu_free(strategy.data);
    return code;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_checkpoint(const struct dirent *entry) {
    return strncmp(entry->d_name, "step-", 5) == 0;
}

/* What cannot be removed is left: it costs space, not correctness. */
static void remove_directory(const char *directory) {
    struct mu_err ignored = {0};
    (void)mu_dir_remove(directory, &ignored);
}

static void remove_old(const char *directory) {
    struct dirent **entry = NULL;
    const int n = scandir(directory, &entry, is_checkpoint, by_name);
    for (int i = 0; i < n; i++) {
        if (i + KEPT < n) {
            char path[PATH + 300];
            snprintf(path, sizeof path, "%s/%.100s", directory, entry[i]->d_name);
            remove_directory(path);
        }
        free(entry[i]);
    }
    free(entry);
}

/* The name must be on the disk before an older checkpoint goes. */
static void sync_directory(const char *directory) {
    const int fd = open(directory, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

int mu_checkpoint_save(struct mu_sim *sim) {
    const char *directory = sim->setup->checkpoint->directory;
    char writing[PATH], final[PATH];
    snprintf(writing, sizeof writing, "%s/writing", directory);
    /* Zero-padded, so that names sort by age. */
    snprintf(final, sizeof final, "%s/step-%012llu-event-%015llu", directory, (unsigned long long)sim->result->steps,
             (unsigned long long)sim->events);
    remove_directory(writing);
    MU_TRY(mu_dir_create(writing, sim->err));
    if (sim->setup->strategy->client_vectors) {
        struct mu_save_command command = {.head = {MU_COMMAND_SAVE, sizeof command}};
        snprintf(command.directory, sizeof command.directory, "%s", writing);
        MU_TRY(mu_sim_post_all(sim, &command));
    }
    MU_TRY(write_engine(sim, writing));
    remove_directory(final); /* of a run that was resumed and has come back to the same event */
    if (rename(writing, final) != 0) {
        return mu_fail(sim->err, MU_IO, final, "cannot write the checkpoint: %s", strerror(errno));
    }
    sync_directory(directory);
    remove_old(directory);
    return MU_OK;
}
