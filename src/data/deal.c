/* What several partitions need: sorting rows by a key, Dirichlet proportions, sizes by weights, a floor under sizes. */
#include <math.h>

#include "muster/base/mem.h"
#include "partition.h"
#include "source.h"

void mu_sort_by_key(size_t n, const uint32_t *key, size_t keys, uint64_t *restrict start, uint32_t *restrict order) {
    for (size_t k = 0; k <= keys; k++) {
        start[k] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        start[key[i]]++;
    }
    /* start[k] becomes the end of bucket k; filling from the back turns it into the beginning, in stable order. */
    for (size_t k = 1; k <= keys; k++) {
        start[k] += start[k - 1];
    }
    for (size_t i = n; i-- > 0;) {
        order[--start[key[i]]] = (uint32_t)i;
    }
}

int mu_deal_labels(const struct mu_deal *deal, const uint32_t **key, struct mu_err *err) {
    if (deal->label == NULL) {
        return mu_data_fail(deal->file, "partition", err, "this partition needs class labels; the data has none");
    }
    *key = (const uint32_t *)deal->label; /* labels are not negative, and int32_t may be read as uint32_t */
    return MU_OK;
}

void mu_deal_sizes(uint64_t total, size_t n, const double *weight, uint64_t *size) {
    double sum = 0, running = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weight[i];
    }
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        running += weight[i];
        uint64_t upto = i + 1 == n ? total : (uint64_t)(running / sum * (double)total + 0.5);
        upto = upto > total ? total : upto;
        upto = upto < before ? before : upto;
        size[i] = upto - before;
        before = upto;
    }
}

void mu_deal_dirichlet(struct mu_rng *rng, size_t n, const double *alpha, bool same, double *restrict p) {
    double highest = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double a = same ? alpha[0] : alpha[i];
        /* Gamma(a) = Gamma(a + 1) U^(1/a) (Marsaglia and Tsang 2000, section 6), kept as its logarithm. */
        p[i] = a < 1 ? log(mu_rng_gamma(rng, a + 1)) + log(mu_rng_positive(rng)) / a : log(mu_rng_gamma(rng, a));
        highest = p[i] > highest ? p[i] : highest;
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = exp(p[i] - highest);
        sum += p[i];
    }
    for (size_t i = 0; i < n; i++) {
        p[i] /= sum;
    }
}

/* A binary max-heap of clients by size, the lower id first among equals. */
struct heap {
    uint32_t *client;
    const uint64_t *size;
    size_t n;
};

static bool comes_before(const struct heap *heap, uint32_t a, uint32_t b) {
    return heap->size[a] != heap->size[b] ? heap->size[a] > heap->size[b] : a < b;
}

static void sift_down(struct heap *heap, size_t i) {
    const uint32_t moved = heap->client[i];
    for (size_t child; (child = 2 * i + 1) < heap->n; i = child) {
        if (child + 1 < heap->n && comes_before(heap, heap->client[child + 1], heap->client[child])) {
            child++;
        }
        if (!comes_before(heap, heap->client[child], moved)) {
            break;
        }
        heap->client[i] = heap->client[child];
    }
    heap->client[i] = moved;
}

/* With room already checked, so that the largest client always has more than `least` while another is in want. */
static void move_rows(const struct mu_deal *deal, uint64_t least, uint64_t *size, const uint64_t *start,
                      const uint32_t *order, struct heap *heap, uint32_t *owner) {
    for (uint32_t client = 0; client < deal->clients; client++) {
        while (size[client] < least) {
            const uint32_t giver = heap->client[0];
            owner[order[start[giver] + size[giver] - 1]] = client;
            size[giver]--;
            sift_down(heap, 0);
            size[client]++;
        }
    }
}

int mu_deal_fill(const struct mu_deal *deal, uint64_t least, uint32_t *owner, struct mu_err *err) {
    if (least > deal->rows / deal->clients) {
        return mu_data_fail(deal->file, "partition/min_samples", err,
                            "%u clients cannot have %llu rows each of the %zu there are", deal->clients,
                            (unsigned long long)least, deal->rows);
    }
    uint64_t *start = NULL, *size = NULL;
    uint32_t *order = NULL;
    struct heap heap = {0};
    int rc = MU_OK;
    if ((start = mu_alloc((size_t)deal->clients + 1, sizeof *start, err)) == NULL ||
        (size = mu_alloc(deal->clients, sizeof *size, err)) == NULL ||
        (order = mu_alloc(deal->rows, sizeof *order, err)) == NULL ||
        (heap.client = mu_alloc(deal->clients, sizeof *heap.client, err)) == NULL) {
        rc = err->code;
        goto done;
    }
    mu_sort_by_key(deal->rows, owner, deal->clients, start, order);
    for (uint32_t i = 0; i < deal->clients; i++) {
        size[i] = start[i + 1] - start[i];
        /* Clients in want are no givers: only the others enter the heap. */
        if (size[i] > least) {
            heap.client[heap.n++] = i;
        }
    }
    heap.size = size;
    for (size_t i = heap.n / 2; i-- > 0;) {
        sift_down(&heap, i);
    }
    move_rows(deal, least, size, start, order, &heap, owner);
done:
    mu_free(start);
    mu_free(size);
    mu_free(order);
    mu_free(heap.client);
    return rc;
}
