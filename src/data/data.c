/* Loading and dealing out. The rank that leads a host loads a pool, and the partition names an owner for every row. */
#include <string.h>

#include "data_impl.h"
#include "muster/base/mem.h"
#include "partition.h"

enum { DEFAULT_CLIENTS = 100 };

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
static int prepare(struct mu_data *data, struct mu_pool *pool, uint32_t **owner, struct mu_header *h,
                   struct mu_err *err) {
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

int mu_data_new(struct mu_data **data, const struct mu_data_config *config, const char *file, uint64_t seed,
                struct mu_comm *comm, struct mu_err *err) {
    *data = NULL;
    struct mu_pool pool = {0};
    struct mu_header h = {0};
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
    if ((rc = mu_data_place(new, &pool, pool.owner != NULL ? pool.owner : owner, &h, err)) != MU_OK) {
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
    mu_pool_clear(&data->own);
    mu_free(data->own_start);
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
