/* Gradient work on a worker: sums of gradients over chunks of rows, encoded here, in float64. */
#include <math.h>
#include <string.h>

#include "muster/base/exact.h"
#include "muster/base/mem.h"
#include "worker_impl.h"

/* The gradient of some rows at one model, kept since others will ask for the same. */
struct kept {
    uint32_t slot;
    uint64_t edition, first, rows;
    double loss; /* sum over the rows */
    struct mu_block *block;
};
struct mu_chunk_cache {
    struct kept *kept;
    size_t n, capacity;
};

int mu_worker_take_gradient(struct mu_worker *w, struct mu_held_job *job, const struct mu_train_command *order,
                            struct mu_err *err) {
    const struct mu_wire_gradient *wire = (const void *)(order + 1);
    const size_t chunks = wire->chunks * sizeof(struct mu_chunk);
    struct mu_held_gradient *g = job->gradient = mu_alloc(1, sizeof *g + chunks, err);
    if (g == NULL) {
        return err->code;
    }
    g->wire = *wire;
    memcpy(g->chunk, wire + 1, chunks);
    for (uint64_t p = 0; p < order->parts; p++) {
        const uint32_t slot = wire->slot[p];
        g->start[p] = mu_block_hold(w->current[slot]);
        g->edition[p] = w->edition[slot];
        g->before[p] = wire->difference ? mu_block_hold(w->previous[slot]) : NULL;
    }
    return MU_OK;
}

void mu_worker_drop_gradient(struct mu_worker *w, struct mu_held_job *job) {
    struct mu_held_gradient *g = job->gradient;
    for (uint64_t p = 0; g != NULL && p < job->order.parts; p++) {
        mu_block_drop(&w->pool, g->start[p]);
        mu_block_drop(&w->pool, g->before[p]);
    }
    mu_free(g);
    job->gradient = NULL;
}

void mu_chunk_cache_forget(struct mu_worker *w, uint32_t slot) {
    struct mu_chunk_cache *cache = w->cache;
    for (size_t i = 0; cache != NULL && i < cache->n;) {
        if (cache->kept[i].slot == slot) {
            mu_block_drop(&w->wide, cache->kept[i].block);
            cache->kept[i] = cache->kept[--cache->n];
        } else {
            i++;
        }
    }
}

void mu_chunk_cache_free(struct mu_worker *w) {
    for (uint32_t slot = 0; slot < w->slots; slot++) {
        mu_chunk_cache_forget(w, slot);
    }
    if (w->cache != NULL) {
        mu_free(w->cache->kept);
        mu_free(w->cache);
    }
}

/* A model in float64, in `out`. */
const double *mu_worker_widen(const struct mu_worker *w, const struct mu_block *model, double *restrict out) {
    if (w->elem == MU_F64) {
        return model->data;
    }
    const float *restrict x = model->data;
    for (size_t i = 0; i < w->dim; i++) {
        out[i] = (double)x[i];
    }
    return out;
}

enum { POLL_ROWS = 2000 }; /* between two looks at messages */

/* out = the sum over the rows of the gradients of the part's model, or of their differences; in fixed blocks of rows
 * from the first on, so that the bits do not depend on who asks. */
static int sum_rows(struct mu_worker *w, const struct mu_held_gradient *work, const struct mu_chunk *chunk, double *out,
                    double *loss, const struct mu_poll *poll, struct mu_err *err) {
    const struct mu_block *before = work->before[chunk->part];
    const double clip = work->wire.clip;
    const struct mu_gradient_job job = {.x = mu_worker_widen(w, work->start[chunk->part], w->at->data),
                                        .x_minus =
                                            before != NULL ? mu_worker_widen(w, before, w->at_before->data) : NULL,
                                        .clip = clip > 0 ? clip : INFINITY,
                                        .coefficient = 1};
    memset(out, 0, w->wide.bytes);
    *loss = 0;
    for (uint64_t at = chunk->first, end = at + chunk->rows; at < end;) {
        struct mu_rows block;
        struct mu_gradient_result result;
        const size_t most = end - at < POLL_ROWS ? (size_t)(end - at) : POLL_ROWS;
        MU_TRY(mu_data_rows(w->setup->data, at, most, &w->space, &block, err));
        MU_TRY(mu_gradient_sum(w->summer, &block, 0, block.n, &job, out, &result, err));
        *loss += result.loss;
        at += block.n;
        MU_TRY(poll->call(poll->context));
    }
    return MU_OK;
}

static struct kept *find_kept(const struct mu_worker *w, const struct kept *key) {
    for (size_t i = 0; w->cache != NULL && i < w->cache->n; i++) {
        struct kept *k = &w->cache->kept[i];
        if (k->slot == key->slot && k->edition == key->edition && k->first == key->first && k->rows == key->rows) {
            return k;
        }
    }
    return NULL;
}

static int keep(struct mu_worker *w, struct kept key, struct mu_err *err) {
    if (key.edition != w->edition[key.slot]) {
        return MU_OK; /* nobody will ask for it again */
    }
    if (w->cache == NULL && (w->cache = mu_alloc(1, sizeof *w->cache, err)) == NULL) {
        return err->code;
    }
    void *kept = w->cache->kept;
    MU_TRY(mu_grow(&kept, &w->cache->capacity, w->cache->n + 1, sizeof *w->cache->kept, err));
    w->cache->kept = kept;
    MU_TRY(mu_block_take(&w->wide, &key.block, err));
    memcpy(key.block->data, w->chunk->data, w->wide.bytes);
    w->cache->kept[w->cache->n++] = key;
    return MU_OK;
}

/* The gradient of a chunk: *g points at it, in scratch or among what is kept. */
static int chunk_gradient(struct mu_worker *w, const struct mu_held_gradient *work, const struct mu_chunk *chunk,
                          const double **g, double *loss, const struct mu_poll *poll, struct mu_err *err) {
    const uint32_t part = chunk->part;
    const struct kept key = {work->wire.slot[part], work->edition[part], chunk->first, chunk->rows, 0, NULL};
    const struct kept *known = work->wire.dedup ? find_kept(w, &key) : NULL;
    if (known != NULL) {
        *g = known->block->data;
        *loss = known->loss;
        return MU_OK;
    }
    *g = w->chunk->data;
    MU_TRY(sum_rows(w, work, chunk, w->chunk->data, loss, poll, err));
    if (work->wire.dedup) {
        struct kept entry = key;
        entry.loss = *loss;
        MU_TRY(keep(w, entry, err));
    }
    return MU_OK;
}

void mu_worker_encode(size_t n, double coefficient, const double *restrict x, double *restrict out) {
    for (size_t i = 0; i < n; i++) {
        out[i] += coefficient * x[i];
    }
}

static int add_chunks(struct mu_worker *w, struct mu_held_job *job, const struct mu_poll *poll,
                      struct mu_report *report) {
    struct mu_local_result *result = &report->result;
    const struct mu_held_gradient *work = job->gradient;
    double total = 0;
    for (uint64_t k = 0; k < work->wire.chunks; k++) {
        const struct mu_chunk *chunk = &work->chunk[k];
        const double *g = NULL;
        double loss = 0;
        MU_TRY(chunk_gradient(w, work, chunk, &g, &loss, poll, &report->err));
        mu_worker_encode(w->dim, chunk->coefficient, g, job->part[chunk->part]->data);
        total += loss;
        result->samples += chunk->rows;
    }
    result->loss = result->samples > 0 ? total / (double)result->samples : 0;
    return MU_OK;
}

int mu_worker_gradient(struct mu_worker *w, struct mu_held_job *job, const struct mu_poll *poll,
                       struct mu_report *report) {
    for (uint64_t p = 0; p < job->order.parts; p++) {
        MU_TRY(mu_block_take(&w->wide, &job->part[p], &report->err));
        job->parts = p + 1;
        memset(job->part[p]->data, 0, w->wide.bytes);
    }
    MU_TRY(add_chunks(w, job, poll, report));
    report->parts = job->order.parts;
    double square = 0;
    for (uint64_t p = 0; p < report->parts; p++) {
        const double *x = job->part[p]->data;
        report->max_abs[p] = mu_max_abs_f64(w->dim, x);
        report->result.max_abs = fmax(report->result.max_abs, report->max_abs[p]);
        for (size_t i = 0; i < w->dim; i++) {
            square += x[i] * x[i];
        }
    }
    report->result.norm = sqrt(square);
    mu_worker_drop_gradient(w, job);
    return MU_OK;
}
