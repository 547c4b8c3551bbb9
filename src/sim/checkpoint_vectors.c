/* The clients' own vectors in checkpoints: each rank writes those it is home to, and reads those it will be home to,
 * which need not be the same after a resume on another number of ranks. All ranks see one file system. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "muster/base/mem.h"
#include "worker_impl.h"

enum {
    PATH = 5000,
    PART_BYTES = 1 << 26, /* of a file, so that saving and loading need little memory beside the vectors */
};

static const char *part_path(char path[static PATH], const char *directory, int rank, uint64_t part) {
    snprintf(path, PATH, "%s/vectors-%d-%llu.npz", directory, rank, (unsigned long long)part);
    return path;
}

/* Vectors that are gathered for a file. */
struct part {
    const char *directory;
    uint64_t number;
    size_t n, room;
    int64_t *client;
    unsigned char *x;
};

static int write_part(const struct mu_worker *w, struct part *p, struct mu_err *err) {
    char path[PATH];
    const struct mu_array array[2] = {
        {.name = "client", .elem = MU_I64, .axes = 1, .shape = {p->n}, .data = p->client},
        {.name = "vector", .elem = w->elem, .axes = 2, .shape = {p->n, w->dim}, .data = p->x},
    };
    MU_TRY(mu_npz_write(part_path(path, p->directory, mu_comm_rank(w->comm), p->number), 2, array, err));
    p->number++;
    p->n = 0;
    return MU_OK;
}

static int write_vectors(const struct mu_worker *w, struct part *p, struct mu_err *err) {
    for (size_t i = 0; i < w->vectors.capacity; i++) {
        if (w->vectors.entry[i].key == 0) {
            continue;
        }
        const struct mu_block *block = w->vectors.entry[i].value;
        memcpy(p->x + p->n * w->pool.bytes, block->data, w->pool.bytes);
        p->client[p->n++] = (int64_t)w->vectors.entry[i].key - 1;
        if (p->n == p->room) {
            MU_TRY(write_part(w, p, err));
        }
    }
    return p->n > 0 ? write_part(w, p, err) : MU_OK;
}

/* Rank 0: every file that some rank has written must be here too. */
static int find_parts(const char *directory, int ranks, const uint64_t *parts, struct mu_err *err) {
    for (int rank = 0; rank < ranks; rank++) {
        for (uint64_t part = 0; part < parts[rank]; part++) {
            char path[PATH];
            if (access(part_path(path, directory, rank, part), R_OK) != 0) {
                mu_fail(err, MU_IO, path, "rank %d has written it, but rank 0 does not see it", rank);
                return mu_fail_help(err, "the result directory must be on a file system that all hosts share");
            }
        }
    }
    return MU_OK;
}

/* Collective: rank 0 learns how many files each rank has written and how many vectors there are in all. */
static int gather_parts(struct mu_worker *w, const struct part *p, struct mu_err *err) {
    const bool root = mu_comm_rank(w->comm) == 0;
    const size_t ranks = (size_t)mu_comm_size(w->comm);
    uint64_t *parts = root ? mu_alloc(ranks, sizeof *parts, err) : NULL;
    int code = mu_comm_agree(w->comm, root && parts == NULL ? err->code : MU_OK, err);
    if (code == MU_OK) {
        int64_t n = (int64_t)w->vectors.n;
        mu_comm_gather(w->comm, &p->number, sizeof p->number, parts);
        mu_comm_sum_i64(w->comm, &n, 1);
        w->vectors_saved = (uint64_t)n;
        code = root ? find_parts(p->directory, (int)ranks, parts, err) : MU_OK;
    }
    mu_free(parts);
    return code;
}

int mu_checkpoint_save_vectors(struct mu_worker *w, const char *directory, struct mu_err *err) {
    const size_t fit = w->pool.bytes > PART_BYTES ? 1 : PART_BYTES / (w->pool.bytes > 0 ? w->pool.bytes : 1);
    struct part p = {.directory = directory, .room = fit < w->vectors.n ? fit : w->vectors.n};
    p.client = mu_alloc(p.room, sizeof *p.client, err);
    p.x = mu_alloc_uninit(p.room * w->pool.bytes, 1, err);
    int code = p.client == NULL || p.x == NULL ? err->code : write_vectors(w, &p, err);
    code = mu_comm_agree(w->comm, code, err);
    if (code == MU_OK) {
        code = mu_comm_agree(w->comm, gather_parts(w, &p, err), err);
    }
    mu_free(p.client);
    mu_free(p.x);
    return code;
}

static int take_vectors(struct mu_worker *w, const char *path, struct mu_err *err) {
    size_t n = 0;
    struct mu_array *array = NULL;
    MU_TRY(mu_npz_read(path, &n, &array, err));
    int code = MU_OK;
    if (n != 2 || array[0].elem != MU_I64 || array[0].axes != 1 || array[1].elem != w->elem || array[1].axes != 2 ||
        array[1].shape[1] != w->dim || array[0].shape[0] != array[1].shape[0]) {
        code = mu_fail(err, MU_IO, path, "does not hold vectors of this run");
    }
    for (size_t i = 0; code == MU_OK && i < array[0].shape[0]; i++) {
        const int64_t client = ((const int64_t *)array[0].data)[i];
        if (client % mu_comm_size(w->comm) != mu_comm_rank(w->comm)) {
            continue;
        }
        if (client >= mu_data_clients(w->setup->data) || mu_map_get(&w->vectors, (uint64_t)client + 1) != NULL) {
            code = mu_fail(err, MU_IO, path, "does not hold vectors of this run");
            break;
        }
        struct mu_block *block = NULL;
        code = mu_block_take(&w->pool, &block, err);
        if (code == MU_OK) {
            memcpy(block->data, (const unsigned char *)array[1].data + i * w->pool.bytes, w->pool.bytes);
            code = mu_map_put(&w->vectors, (uint64_t)client + 1, block, err);
        }
    }
    mu_npz_free(n, array);
    return code;
}

static int is_vectors(const struct dirent *entry) {
    return strncmp(entry->d_name, "vectors-", 8) == 0;
}

static int take_all(struct mu_worker *w, const char *directory, struct mu_err *err) {
    struct dirent **entry = NULL;
    const int n = scandir(directory, &entry, is_vectors, alphasort);
    int code = n < 0 ? mu_fail(err, MU_IO, directory, "cannot be read") : MU_OK;
    for (int i = 0; i < n; i++) {
        char path[PATH];
        snprintf(path, sizeof path, "%s/%.100s", directory, entry[i]->d_name);
        code = code == MU_OK ? take_vectors(w, path, err) : code;
        free(entry[i]);
    }
    free(entry);
    return code;
}

int mu_checkpoint_load_vectors(struct mu_worker *w, const char *directory, uint64_t expected, struct mu_err *err) {
    int code = take_all(w, directory, err);
    int64_t n = (int64_t)w->vectors.n;
    mu_comm_sum_i64(w->comm, &n, 1);
    if (code == MU_OK && mu_comm_rank(w->comm) == 0 && (uint64_t)n != expected) {
        code = mu_fail(err, MU_IO, directory, "it holds %lld vectors of clients instead of %llu", (long long)n,
                       (unsigned long long)expected);
    }
    code = mu_comm_agree(w->comm, code, err);
    if (code != MU_OK) {
        for (size_t i = 0; i < w->vectors.capacity; i++) {
            mu_block_drop(&w->pool, w->vectors.entry[i].value);
        }
        mu_map_clear(&w->vectors);
    }
    return code;
}
