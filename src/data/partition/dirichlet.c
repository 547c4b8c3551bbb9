/* Label skew by Dirichlet proportions. By default each class is split over the clients by one draw of Dir(alpha)
 * (Yurochkin et al. 2019; NIID-Bench, Li et al. 2022), so that sizes vary as well. With `balanced` each client, all of
 * one size, has its own class proportions q ~ Dir(alpha p), p being the data's class frequencies, and draws its rows'
 * classes from q among the classes that still have rows (Hsu, Qi and Brown 2019). */
#include <math.h>

#include "muster/base/mem.h"
#include "partition.h"
#include "source.h"

struct options {
    double alpha;
    bool balanced;
    int64_t min_samples;
};

static const struct mu_field fields[] = {
    {"alpha", MU_REAL, MU_OPTION, offsetof(struct options, alpha), "", 0, 1e9, "0.5",
     "concentration: small is skewed, large is even", NULL, true},
    {"balanced", MU_BOOL, MU_OPTION, offsetof(struct options, balanced), "", 0, 0, "false",
     "clients of equal size, each with class proportions of its own", NULL, false},
    {"min_samples", MU_INT, MU_OPTION, offsetof(struct options, min_samples), "rows", 0, 1e9, "1",
     "least rows of a client; what is missing is moved from the largest clients", NULL, false},
    {0},
};

/* Scratch for both ways: rows by class in random order, and a draw of proportions. */
struct scratch {
    uint64_t *start;
    uint32_t *order;
    double *p, *prior;
    uint64_t *size;
};

static int make_scratch(const struct mu_deal *deal, const uint32_t *key, struct scratch *s, struct mu_err *err) {
    const size_t widest = deal->clients > deal->classes ? deal->clients : deal->classes;
    if ((s->start = mu_alloc(deal->classes + 1, sizeof *s->start, err)) == NULL ||
        (s->order = mu_alloc(deal->rows, sizeof *s->order, err)) == NULL ||
        (s->p = mu_alloc(widest, sizeof *s->p, err)) == NULL ||
        (s->prior = mu_alloc(deal->classes, sizeof *s->prior, err)) == NULL ||
        (s->size = mu_alloc(widest, sizeof *s->size, err)) == NULL) {
        return err->code;
    }
    mu_sort_by_key(deal->rows, key, deal->classes, s->start, s->order);
    struct mu_rng rng;
    mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_ORDER);
    for (size_t class = 0; class < deal->classes; class ++) {
        mu_rng_shuffle(&rng, s->start[class + 1] - s->start[class], s->order + s->start[class]);
    }
    return MU_OK;
}

static void clear_scratch(struct scratch *s) {
    mu_free(s->start);
    mu_free(s->order);
    mu_free(s->p);
    mu_free(s->prior);
    mu_free(s->size);
}

static void split_classes(const struct mu_deal *deal, const struct scratch *s, uint32_t *owner) {
    const struct options *const o = deal->options;
    struct mu_rng rng;
    mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_WEIGHT);
    for (size_t class = 0; class < deal->classes; class ++) {
        mu_deal_dirichlet(&rng, deal->clients, &o->alpha, true, s->p);
        mu_deal_sizes(s->start[class + 1] - s->start[class], deal->clients, s->p, s->size);
        const uint32_t *row = s->order + s->start[class];
        for (uint32_t client = 0; client < deal->clients; client++) {
            for (uint64_t k = 0; k < s->size[client]; k++) {
                owner[*row++] = client;
            }
        }
    }
}

/* A class from q, given up to a factor, among those with rows left; one that has some even if q gives them no mass. */
static size_t draw_class(struct mu_rng *rng, size_t classes, const double *q, const uint64_t *left) {
    double mass = 0, rows = 0;
    for (size_t c = 0; c < classes; c++) {
        mass += left[c] > 0 ? q[c] : 0;
        rows += (double)left[c];
    }
    const double u = mu_rng_uniform(rng) * (mass > 0 ? mass : rows);
    double running = 0;
    size_t chosen = classes;
    for (size_t c = 0; c < classes; c++) {
        const double weight = left[c] == 0 ? 0 : mass > 0 ? q[c] : (double)left[c];
        if (weight > 0) {
            chosen = c;
            running += weight;
            if (u < running) {
                break;
            }
        }
    }
    return chosen;
}

static void fill_clients(const struct mu_deal *deal, const struct scratch *s, uint32_t *owner) {
    const struct options *const o = deal->options;
    uint64_t *const left = s->size;
    size_t held = 0; /* classes that have rows come first in prior, in order; the others cannot be drawn */
    for (size_t c = 0; c < deal->classes; c++) {
        left[c] = s->start[c + 1] - s->start[c];
        if (left[c] > 0) {
            s->prior[held++] = o->alpha * (double)left[c] / (double)deal->rows;
        }
    }
    struct mu_rng rng;
    mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_WEIGHT);
    for (uint32_t client = 0; client < deal->clients; client++) {
        mu_deal_dirichlet(&rng, held, s->prior, false, s->p);
        /* Spread the proportions of the classes that have rows to their places, from the back. */
        for (size_t c = deal->classes, k = held; c-- > 0;) {
            s->p[c] = s->start[c + 1] > s->start[c] ? s->p[--k] : 0;
        }
        const size_t size = deal->rows / deal->clients + (client < deal->rows % deal->clients);
        for (size_t k = 0; k < size; k++) {
            const size_t c = draw_class(&rng, deal->classes, s->p, left);
            owner[s->order[s->start[c + 1] - left[c]--]] = client;
        }
    }
}

static int assign(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err) {
    const struct options *const o = deal->options;
    const uint32_t *key = NULL;
    MU_TRY(mu_deal_labels(deal, &key, err));
    struct scratch s = {0};
    const int rc = make_scratch(deal, key, &s, err);
    if (rc == MU_OK) {
        (o->balanced ? fill_clients : split_classes)(deal, &s, owner);
    }
    clear_scratch(&s);
    MU_TRY(rc);
    return mu_deal_fill(deal, (uint64_t)o->min_samples, owner, err);
}

const struct mu_partition mu_partition_dirichlet = {
    .kind = {.name = "dirichlet",
             .summary = "label skew: each class split by Dirichlet(alpha) proportions",
             .reference = "Yurochkin et al. 2019; Hsu, Qi and Brown 2019",
             .group = {fields, sizeof(struct options), NULL}},
    .assign = assign,
};
