/* The clients' own vectors in checkpoints: each rank writes those it is home to, and reads those it will be home to,
 * which need not be the same after a resume on another number of ranks. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muster/base/mem.h"
#include "worker_impl.h"

static int write_vectors(const struct mu_worker *w, const char *path, int64_t *client, unsigned char *x,
                         struct mu_err *err) {
    size_t n = 0;
    for (size_t i = 0; i < w->vectors.capacity; i++) {
        if (w->vectors.entry[i].key != 0) {
            memcpy(x + n * w->pool.bytes, ((const struct mu_block *)w->vectors.entry[i].value)->data, w->pool.bytes);
            client[n++] = (int64_t)w->vectors.entry[i].key - 1;
        }
    }
    const struct mu_array array[2] = {
        {.name = "client", .elem = MU_I64, .axes = 1, .shape = {n}, .data = client},
        {.name = "vector", .elem = w->elem, .axes = 2, .shape = {n, w->dim}, .data = x},
    };
    return mu_npz_write(path, 2, array, err);
}

int mu_checkpoint_save_vectors(struct mu_worker *w, const char *directory, struct mu_err *err) {
    char path[5000];
    snprintf(path, sizeof path, "%s/vectors-%d.npz", directory, mu_comm_rank(w->comm));
    int64_t *client = mu_alloc(w->vectors.n, sizeof *client, err);
    unsigned char *x = mu_alloc_uninit(w->vectors.n * w->pool.bytes, 1, err);
    int code = client == NULL || x == NULL ? err->code : MU_OK;
    if (code == MU_OK && w->vectors.n > 0) {
        code = write_vectors(w, path, client, x, err);
    }
    mu_free(client);
    mu_free(x);
    return mu_comm_agree(w->comm, code, err);
}

static int take_vectors(struct mu_worker *w, const char *path, struct mu_err *err) {
    size_t n = 0;
    struct mu_array *array = NULL;
    MU_TRY(mu_npz_read(path, &n, &array, err));
    int code = MU_OK;
    if (n != 2 || array[0].elem != MU_I64 || array[1].elem != w->elem || array[1].axes != 2 ||
        array[1].shape[1] != w->dim || array[0].shape[0] != array[1].shape[0]) {
        code = mu_fail(err, MU_IO, path, "does not hold vectors of this run");
    }
    for (size_t i = 0; code == MU_OK && i < array[0].shape[0]; i++) {
        const int64_t client = ((const int64_t *)array[0].data)[i];
        if (client % mu_comm_size(w->comm) != mu_comm_rank(w->comm)) {
            continue;
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

int mu_checkpoint_load_vectors(struct mu_worker *w, const char *directory, struct mu_err *err) {
    struct dirent **entry = NULL;
    const int n = scandir(directory, &entry, is_vectors, alphasort);
    int code = n < 0 ? mu_fail(err, MU_IO, directory, "cannot be read") : MU_OK;
    for (int i = 0; i < n; i++) {
        char path[5000];
        snprintf(path, sizeof path, "%s/%s", directory, entry[i]->d_name);
        code = code == MU_OK ? take_vectors(w, path, err) : code;
        free(entry[i]);
    }
    free(entry);
    return code;
}
