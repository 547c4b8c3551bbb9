#include <string.h>
#include <zlib.h>

#include "data_impl.h"
#include "muster/base/mem.h"

enum { ALIGN_BYTES = 64 };

/* Places of the arrays in the shared block, in bytes. */
struct layout {
    size_t start, x, label, target, test_x, test_label, test_target, x0, total;
};

static size_t put(size_t *end, size_t n, size_t size) {
    const size_t at = *end;
    *end += (n * size + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
    return at;
}

static struct layout lay_out(const struct mu_header *h) {
    struct layout l = {0};
    const size_t row_bytes = h->width * mu_elem_bytes(h->elem);
    l.start = put(&l.total, h->n > 0 ? (size_t)h->clients + 1 : 0, sizeof(uint64_t));
    l.x = put(&l.total, h->n, row_bytes);
    l.label = put(&l.total, h->has_label ? h->n : 0, sizeof(int32_t));
    l.target = put(&l.total, h->has_target ? h->n : 0, sizeof(double));
    l.test_x = put(&l.total, h->test_n, row_bytes);
    l.test_label = put(&l.total, h->has_label ? h->test_n : 0, sizeof(int32_t));
    l.test_target = put(&l.total, h->has_target ? h->test_n : 0, sizeof(double));
    l.x0 = put(&l.total, h->has_x0 ? h->task.features : 0, sizeof(double));
    return l;
}

/* Leader: the block comes as it is. Offsets are counted up from zero, and what lies between two arrays enters the
 * hosts' checksums. */
static void clear_seams(const struct mu_header *h, const struct layout *l, char *block) {
    const size_t end[] = {l->x, l->label, l->target, l->test_x, l->test_label, l->test_target, l->x0, l->total};
    if (h->n > 0) {
        memset(block + l->start, 0, ((size_t)h->clients + 1) * sizeof(uint64_t));
    }
    for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
        if (end[i] > 0) {
            memset(block + end[i] - ALIGN_BYTES, 0, ALIGN_BYTES);
        }
    }
}

/* Where the rows of each client begin: start[c + 1] is where the next row of c goes, and becomes the end of c when all
 * of them have come. `start` is clients + 1 zeros before. */
static void find_starts(const struct mu_header *h, const uint32_t *owner, uint64_t *start) {
    for (size_t i = 0; i < h->n; i++) {
        if (owner[i] + 2 <= h->clients) {
            start[owner[i] + 2]++;
        }
    }
    for (uint32_t c = 2; c <= h->clients; c++) {
        start[c] += start[c - 1];
    }
}

/* Leader: copies the training rows into the block, sorted by owner. */
static void copy_sorted(const struct mu_header *h, const struct layout *l, const struct mu_pool *pool,
                        const uint32_t *owner, char *block) {
    const size_t row_bytes = h->width * mu_elem_bytes(h->elem);
    uint64_t *const start = (uint64_t *)(block + l->start);
    int32_t *const label = (int32_t *)(block + l->label);
    double *const target = (double *)(block + l->target);
    find_starts(h, owner, start);
    for (size_t i = 0; i < h->n; i++) {
        const size_t to = start[owner[i] + 1]++;
        memcpy(block + l->x + to * row_bytes, (const char *)pool->train.x + i * row_bytes, row_bytes);
        if (h->has_label) {
            label[to] = pool->train.label[i];
        }
        if (h->has_target) {
            target[to] = pool->train.target[i];
        }
    }
}

static void copy_test(const struct mu_header *h, const struct layout *l, const struct mu_pool *pool, char *block) {
    if (h->test_n > 0) {
        memcpy(block + l->test_x, pool->test.x, h->test_n * h->width * mu_elem_bytes(h->elem));
    }
    if (h->test_n > 0 && h->has_label) {
        memcpy(block + l->test_label, pool->test.label, h->test_n * sizeof(int32_t));
    }
    if (h->test_n > 0 && h->has_target) {
        memcpy(block + l->test_target, pool->test.target, h->test_n * sizeof(double));
    }
    if (h->has_x0) {
        memcpy(block + l->x0, pool->x0, h->task.features * sizeof(double));
    }
}

static struct mu_rows view(const struct mu_header *h, size_t n, const void *x, const int32_t *label,
                           const double *target) {
    return (struct mu_rows){
        .n = n,
        .width = h->width,
        .elem = h->elem,
        .scale = h->scale,
        .shift = h->shift,
        .x = x,
        .label = h->has_label ? label : NULL,
        .target = h->has_target ? target : NULL,
    };
}

static void describe(struct mu_data *data, const struct mu_header *h, const uint64_t *start, const double *x0) {
    data->task = h->task;
    data->task.x0 = h->has_x0 ? x0 : NULL;
    data->clients = h->clients;
    data->total = h->total;
    data->start = h->n > 0 ? start : NULL;
}

/* Points the views into the shared block. */
static void attach(struct mu_data *data, const struct mu_header *h, const struct layout *l) {
    const char *const block = data->shared.data;
    describe(data, h, (const uint64_t *)(block + l->start), (const double *)(block + l->x0));
    data->train = view(h, h->n, block + l->x, (const int32_t *)(block + l->label), (const double *)(block + l->target));
    data->test = view(h, h->test_n, block + l->test_x, (const int32_t *)(block + l->test_label),
                      (const double *)(block + l->test_target));
}

/* Hosts read their own copies of files: refuse to run on different data, which no later step would notice. */
static int compare_hosts(struct mu_data *data, size_t bytes, struct mu_err *err) {
    if (mu_comm_hosts(data->comm) == 1) {
        return MU_OK;
    }
    const bool leads = mu_comm_leads_host(data->comm);
    const unsigned long mine = leads ? crc32_z(crc32_z(0, NULL, 0), data->shared.data, bytes) : 0;
    unsigned long first = mine;
    mu_comm_bcast(data->comm, &first, sizeof first);
    int rc = MU_OK;
    if (leads && mine != first) {
        rc = mu_data_fail(data->file, NULL, err, "the data on the host of rank %d differs from that of rank 0",
                          mu_comm_rank(data->comm));
    }
    return mu_comm_agree(data->comm, rc, err);
}

static int share(struct mu_data *data, const struct mu_pool *pool, const uint32_t *owner, const struct mu_header *h,
                 struct mu_err *err) {
    const struct layout l = lay_out(h);
    MU_TRY(mu_comm_agree(data->comm, mu_comm_share(data->comm, l.total, &data->shared, err), err));
    if (data->shared.leader) {
        clear_seams(h, &l, data->shared.data);
        if (h->n > 0) {
            copy_sorted(h, &l, pool, owner, data->shared.data);
        }
        copy_test(h, &l, pool, data->shared.data);
    }
    mu_comm_shared_ready(data->comm, &data->shared);
    attach(data, h, &l);
    return compare_hosts(data, l.total, err);
}

static void swap_bytes(char *restrict a, char *restrict b, size_t bytes) {
    char room[512];
    for (size_t at = 0; at < bytes; at += sizeof room) {
        const size_t n = bytes - at < sizeof room ? bytes - at : sizeof room;
        memcpy(room, a + at, n);
        memcpy(a + at, b + at, n);
        memcpy(b + at, room, n);
    }
}

void mu_part_permute(struct mu_part *part, size_t row_bytes, uint32_t *to) {
    char *const x = part->x;
    for (uint32_t i = 0; i < part->n; i++) {
        while (to[i] != i) { /* the row that is here belongs to j, and the one that is there comes here */
            const uint32_t j = to[i], next = to[j];
            for (size_t at = 0; at < row_bytes; at += 64) {
                __builtin_prefetch(x + next * row_bytes + at, 1, 2);
            }
            swap_bytes(x + i * row_bytes, x + j * row_bytes, row_bytes);
            if (part->label != NULL) {
                swap_bytes((char *)&part->label[i], (char *)&part->label[j], sizeof *part->label);
            }
            if (part->target != NULL) {
                swap_bytes((char *)&part->target[i], (char *)&part->target[j], sizeof *part->target);
            }
            to[i] = next;
            to[j] = j;
        }
    }
}

/* One rank keeps what it has read: its rows need no second copy, which would be as large as the data. */
static int keep(struct mu_data *data, struct mu_pool *pool, const uint32_t *owner, const struct mu_header *h,
                struct mu_err *err) {
    uint32_t *const to = mu_alloc(h->n, sizeof *to, err);
    data->own_start = mu_alloc((size_t)h->clients + 1, sizeof *data->own_start, err);
    if (to == NULL || data->own_start == NULL) {
        mu_free(to);
        return err->code;
    }
    if (h->n > 0) {
        find_starts(h, owner, data->own_start);
        for (size_t i = 0; i < h->n; i++) {
            to[i] = (uint32_t)data->own_start[owner[i] + 1]++;
        }
        mu_part_permute(&pool->train, h->width * mu_elem_bytes(h->elem), to);
    }
    mu_free(to);
    data->own = (struct mu_pool){.train = pool->train, .test = pool->test, .x0 = pool->x0};
    pool->train = pool->test = (struct mu_part){0};
    pool->x0 = NULL;
    const struct mu_part *const train = &data->own.train, *const test = &data->own.test;
    describe(data, h, data->own_start, data->own.x0);
    data->train = view(h, h->n, train->x, train->label, train->target);
    data->test = view(h, h->test_n, test->x, test->label, test->target);
    return MU_OK;
}

int mu_data_place(struct mu_data *data, struct mu_pool *pool, const uint32_t *owner, const struct mu_header *h,
                  struct mu_err *err) {
    return mu_comm_size(data->comm) > 1 ? share(data, pool, owner, h, err) : keep(data, pool, owner, h, err);
}
