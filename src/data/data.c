/* Loading, dealing out and sharing. The rank that leads a host loads a pool, the partition names an owner for every
 * row, and the rows are copied into the host's shared block sorted by owner: a client's rows are then one range, and
 * no rank keeps an index of rows. */
#include <string.h>
#include <zlib.h>

#include "data_impl.h"
#include "muster/base/mem.h"
#include "muster/base/parallel.h"
#include "partition.h"

enum { DEFAULT_CLIENTS = 100, ALIGN_BYTES = 64 };

/* What the leader tells its host before there is shared memory: plain bytes, no pointers. */
struct header {
    struct mu_task task;
    bool has_x0, has_label, has_target;
    size_t width;
    enum mu_elem elem;
    double scale, shift;
    size_t n, test_n; /* n = 0: generated on demand */
    uint32_t clients;
    uint64_t total;
};

/* Places of the arrays in the shared block, in bytes. */
struct layout {
    size_t start, x, label, target, test_x, test_label, test_target, x0, total;
};

static size_t put(size_t *end, size_t n, size_t size) {
    const size_t at = *end;
    *end += (n * size + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
    return at;
}

static struct layout lay_out(const struct header *h) {
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

/* The number of clients a partition deals to. */
static int count_clients(const struct mu_data *data, const struct mu_partition *partition, struct mu_deal *deal,
                         struct mu_err *err) {
    const int64_t asked = data->config->clients;
    const uint32_t implied = partition->clients != NULL ? partition->clients(deal) : 0;
    deal->clients = asked != MU_UNSET ? (uint32_t)asked : implied > 0 ? implied : DEFAULT_CLIENTS;
    if (deal->clients > deal->rows) {
        return mu_data_fail(deal->file, "clients", err, "%u clients for %zu training rows: there are not enough",
                            deal->clients, deal->rows);
    }
    return MU_OK;
}

/* Leader: names the owner of every row of a pool. *owner is the caller's to mu_free. */
static int deal_out(const struct mu_data *data, const struct mu_pool *pool, uint32_t **owner, uint32_t *clients,
                    struct mu_err *err) {
    const int64_t asked = data->config->clients;
    if (pool->owner != NULL) {
        if (asked != MU_UNSET && asked != pool->clients) {
            return mu_data_fail(data->file, "clients", err, "this source has %u clients, not %lld", pool->clients,
                                (long long)asked);
        }
        *clients = pool->clients;
        return MU_OK;
    }
    const struct mu_partition *const partition = (const struct mu_partition *)data->config->partition.kind;
    struct mu_deal deal = {
        .options = data->config->partition.options,
        .file = data->file,
        .seed = data->seed,
        .rows = pool->train.n,
        .classes = pool->task.classes,
        .label = pool->train.label,
        .target = pool->train.target,
        .group = pool->group,
        .groups = pool->groups,
    };
    if (deal.rows > UINT32_MAX) {
        return mu_data_fail(data->file, NULL, err, "%zu training rows are more than %u", deal.rows, UINT32_MAX);
    }
    MU_TRY(count_clients(data, partition, &deal, err));
    *clients = deal.clients;
    if ((*owner = mu_alloc(deal.rows, sizeof **owner, err)) == NULL) {
        return err->code;
    }
    return partition->assign(&deal, *owner, err);
}

/* Leader: fills the pool, its owners and the header. */
static int prepare(struct mu_data *data, struct mu_pool *pool, uint32_t **owner, struct header *h, struct mu_err *err) {
    const struct mu_data_config *const config = data->config;
    const struct mu_partition *const partition = (const struct mu_partition *)config->partition.kind;
    const bool on_demand = data->source->client != NULL;
    const struct mu_load call = {
        .options = config->source.options,
        .file = data->file,
        .seed = data->seed,
        .clients = !on_demand                    ? 0
                   : config->clients == MU_UNSET ? DEFAULT_CLIENTS
                                                 : (uint32_t)config->clients,
        .group_column = partition->column != NULL ? partition->column(config->partition.options) : NULL,
    };
    /* iid is what a config that says nothing gets. */
    if (data->source->fixes_clients && strcmp(partition->kind.name, "iid") != 0) {
        return mu_data_fail(data->file, "partition", err, "the source %s says itself what each client holds",
                            data->source->kind.name);
    }
    if (call.group_column != NULL && !data->source->columns) {
        return mu_data_fail(data->file, "partition", err, "the source %s has no columns to split by",
                            data->source->kind.name);
    }
    MU_TRY(data->source->load(&call, pool, err));
    h->clients = call.clients;
    if (on_demand) {
        for (uint32_t client = 0; client < h->clients; client++) {
            h->total += data->source->size(call.options, call.seed, client);
        }
    } else {
        MU_TRY(deal_out(data, pool, owner, &h->clients, err));
        h->total = h->n = pool->train.n;
    }
    h->task = pool->task;
    h->task.x0 = NULL;
    h->has_x0 = pool->x0 != NULL;
    h->has_label = pool->task.kind == MU_CLASSIFICATION;
    h->has_target = pool->task.kind == MU_REGRESSION;
    h->width = pool->width;
    h->elem = pool->elem;
    h->scale = pool->scale;
    h->shift = pool->shift;
    h->test_n = pool->test.n;
    return MU_OK;
}

/* Leader: the block comes as it is. Offsets are counted up from zero, and what lies between two arrays enters the
 * hosts' checksums. */
static void clear_seams(const struct header *h, const struct layout *l, char *block) {
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

/* What the leader copies into the block. */
struct copying {
    const struct header *h;
    const struct layout *l;
    const struct mu_pool *pool;
    const uint32_t *owner;
    char *block;
};

/* One of COPIERS parts: those clients whose number is k modulo COPIERS. */
enum { COPIERS = 2 };

/* Training rows sorted by owner in stable order. start[c + 1] is where the next of c's rows goes, and ends as the end
 * of c. */
static void copy_rows(void *copying, size_t k) {
    const struct copying *const c = copying;
    const struct header *const h = c->h;
    const size_t row_bytes = h->width * mu_elem_bytes(h->elem);
    uint64_t *const start = (uint64_t *)(c->block + c->l->start);
    int32_t *const label = (int32_t *)(c->block + c->l->label);
    double *const target = (double *)(c->block + c->l->target);
    for (size_t i = 0; i < h->n; i++) {
        if (c->owner[i] % COPIERS != k) {
            continue;
        }
        const size_t to = start[c->owner[i] + 1]++;
        memcpy(c->block + c->l->x + to * row_bytes, (const char *)c->pool->train.x + i * row_bytes, row_bytes);
        if (h->has_label) {
            label[to] = c->pool->train.label[i];
        }
        if (h->has_target) {
            target[to] = c->pool->train.target[i];
        }
    }
}

/* Leader: copies the pool into the block. `start` gets clients + 1 offsets. */
static void copy_sorted(struct copying *c) {
    uint64_t *const start = (uint64_t *)(c->block + c->l->start);
    /* start[c + 1] first counts the rows of client c - 1 and before. */
    for (size_t i = 0; i < c->h->n; i++) {
        if (c->owner[i] + 2 <= c->h->clients) {
            start[c->owner[i] + 2]++;
        }
    }
    for (uint32_t client = 2; client <= c->h->clients; client++) {
        start[client] += start[client - 1];
    }
    mu_parallel(COPIERS, copy_rows, c);
}

static void copy_test(const struct header *h, const struct layout *l, const struct mu_pool *pool, char *block) {
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

/* Points the views into the shared block. */
static void attach(struct mu_data *data, const struct header *h, const struct layout *l) {
    const char *const block = data->shared.data;
    data->task = h->task;
    data->task.x0 = h->has_x0 ? (const double *)(block + l->x0) : NULL;
    data->clients = h->clients;
    data->total = h->total;
    data->start = h->n > 0 ? (const uint64_t *)(block + l->start) : NULL;
    data->train = (struct mu_rows){
        .n = h->n,
        .width = h->width,
        .elem = h->elem,
        .scale = h->scale,
        .shift = h->shift,
        .x = block + l->x,
        .label = h->has_label ? (const int32_t *)(block + l->label) : NULL,
        .target = h->has_target ? (const double *)(block + l->target) : NULL,
    };
    data->test = data->train;
    data->test.n = h->test_n;
    data->test.x = block + l->test_x;
    data->test.label = h->has_label ? (const int32_t *)(block + l->test_label) : NULL;
    data->test.target = h->has_target ? (const double *)(block + l->test_target) : NULL;
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

static int share(struct mu_data *data, const struct mu_pool *pool, const uint32_t *owner, const struct header *h,
                 struct mu_err *err) {
    const struct layout l = lay_out(h);
    MU_TRY(mu_comm_agree(data->comm, mu_comm_share(data->comm, l.total, &data->shared, err), err));
    if (data->shared.leader) {
        clear_seams(h, &l, data->shared.data);
        if (h->n > 0) {
            struct copying copying = {h, &l, pool, pool->owner != NULL ? pool->owner : owner, data->shared.data};
            copy_sorted(&copying);
        }
        copy_test(h, &l, pool, data->shared.data);
    }
    mu_comm_shared_ready(data->comm, &data->shared);
    attach(data, h, &l);
    return compare_hosts(data, l.total, err);
}

int mu_data_new(struct mu_data **data, const struct mu_data_config *config, const char *file, uint64_t seed,
                struct mu_comm *comm, struct mu_err *err) {
    *data = NULL;
    struct mu_pool pool = {0};
    struct header h = {0};
    uint32_t *owner = NULL;
    struct mu_data *const new = mu_alloc(1, sizeof *new, err);
    int rc = mu_comm_agree(comm, new == NULL ? err->code : MU_OK, err);
    if (rc != MU_OK) {
        goto done;
    }
    new->config = config;
    new->source = (const struct mu_source *)config->source.kind;
    new->file = file;
    new->seed = seed;
    new->comm = comm;
    if (mu_comm_leads_host(comm)) {
        rc = prepare(new, &pool, &owner, &h, err);
    }
    if ((rc = mu_comm_agree(comm, rc, err)) != MU_OK) {
        goto done;
    }
    mu_comm_host_bcast(comm, &h, sizeof h);
    if ((rc = share(new, &pool, owner, &h, err)) != MU_OK) {
        goto done;
    }
    *data = new;
done:
    mu_pool_clear(&pool);
    mu_free(owner);
    if (rc != MU_OK) {
        mu_data_free(new);
    }
    return rc;
}

void mu_data_free(struct mu_data *data) {
    if (data == NULL) {
        return;
    }
    if (data->shared.data != NULL) {
        mu_comm_unshare(data->comm, &data->shared);
    }
    mu_free(data);
}

const struct mu_task *mu_data_task(const struct mu_data *data) {
    return &data->task;
}

uint32_t mu_data_clients(const struct mu_data *data) {
    return data->clients;
}

size_t mu_data_size(const struct mu_data *data, uint32_t client) {
    return data->start == NULL ? data->source->size(data->config->source.options, data->seed, client)
                               : data->start[client + 1] - data->start[client];
}

uint64_t mu_data_total(const struct mu_data *data) {
    return data->total;
}

int mu_data_client(const struct mu_data *data, uint32_t client, struct mu_space *space, struct mu_rows *rows,
                   struct mu_err *err) {
    if (data->start != NULL) {
        *rows = mu_rows_part(&data->train, data->start[client], data->start[client + 1] - data->start[client]);
        return MU_OK;
    }
    *rows = data->train;
    return data->source->client(data->config->source.options, data->seed, client, space, rows, err);
}

int mu_data_rows(const struct mu_data *data, uint64_t first, size_t most, struct mu_space *space, struct mu_rows *rows,
                 struct mu_err *err) {
    if (data->start != NULL) {
        const uint64_t left = data->total - first;
        *rows = mu_rows_part(&data->train, first, left < most ? (size_t)left : most);
        return MU_OK;
    }
    uint32_t client = 0;
    for (; client < data->clients && first >= mu_data_size(data, client); client++) {
        first -= mu_data_size(data, client);
    }
    MU_TRY(mu_data_client(data, client, space, rows, err));
    const size_t left = rows->n - (size_t)first;
    *rows = mu_rows_part(rows, (size_t)first, left < most ? left : most);
    return MU_OK;
}

const struct mu_rows *mu_data_test(const struct mu_data *data) {
    return &data->test;
}
