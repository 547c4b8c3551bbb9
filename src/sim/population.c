#include "population.h"

#include <math.h>

#include "muster/base/mem.h"

int mu_population_init(struct mu_population *population, const struct mu_data *data, uint64_t seed,
                       struct mu_err *err) {
    const uint32_t n = mu_data_clients(data);
    *population = (struct mu_population){.data = data, .seed = seed, .n = n, .idle = n};
    population->order = mu_alloc_uninit(n, sizeof *population->order, err);
    population->place = mu_alloc_uninit(n, sizeof *population->place, err);
    population->client = mu_alloc(n, sizeof *population->client, err);
    if (population->order == NULL || population->place == NULL || population->client == NULL) {
        mu_population_clear(population);
        return MU_RANK_FAILED;
    }
    for (uint32_t i = 0; i < n; i++) {
        population->order[i] = population->place[i] = i;
    }
    return MU_OK;
}

void mu_population_clear(struct mu_population *population) {
    mu_free(population->order);
    mu_free(population->place);
    mu_free(population->client);
    mu_free(population->tree);
    *population = (struct mu_population){0};
}

bool mu_population_is_idle(const struct mu_population *population, uint32_t client) {
    return population->place[client] < population->idle;
}

static void swap_places(struct mu_population *p, uint32_t a, uint32_t b) {
    const uint32_t client_a = p->order[a], client_b = p->order[b];
    p->order[a] = client_b;
    p->order[b] = client_a;
    p->place[client_a] = b;
    p->place[client_b] = a;
}

/* Adds rows (possibly "negative", modulo 2^64) to the client's leaf. */
static void tree_add(struct mu_population *p, uint32_t client, uint64_t rows) {
    for (size_t i = (size_t)client + 1; i <= p->n; i += i & -i) {
        p->tree[i] += rows;
    }
}

static uint64_t tree_total(const struct mu_population *p) {
    uint64_t total = 0;
    for (size_t i = p->n; i > 0; i -= i & -i) {
        total += p->tree[i];
    }
    return total;
}

/* The client in whose rows the row `at` of all idle clients' rows lies. */
static uint32_t tree_find(const struct mu_population *p, uint64_t at) {
    size_t step = 1, before = 0;
    while (2 * step <= p->n) {
        step *= 2;
    }
    for (; step > 0; step /= 2) {
        if (before + step <= p->n && p->tree[before + step] <= at) {
            before += step;
            at -= p->tree[before];
        }
    }
    return (uint32_t)before;
}

static int tree_build(struct mu_population *p, struct mu_err *err) {
    p->tree = mu_alloc((size_t)p->n + 1, sizeof *p->tree, err);
    if (p->tree == NULL) {
        return err->code;
    }
    for (uint32_t i = 0; i < p->idle; i++) {
        tree_add(p, p->order[i], mu_data_size(p->data, p->order[i]));
    }
    return MU_OK;
}

/* Changes bits of a client's state and moves it into or out of the idle part if that makes the difference. */
static void change_state(struct mu_population *p, uint32_t client, uint32_t set, uint32_t clear) {
    const bool was_idle = p->client[client].state == 0;
    p->client[client].state = (p->client[client].state | set) & ~clear;
    if (was_idle == (p->client[client].state == 0)) {
        return;
    }
    swap_places(p, p->place[client], was_idle ? --p->idle : p->idle++);
    if (p->tree != NULL) {
        const uint64_t rows = mu_data_size(p->data, client);
        tree_add(p, client, was_idle ? -rows : rows);
    }
}

void mu_population_set_busy(struct mu_population *p, uint32_t client) {
    change_state(p, client, MU_CLIENT_BUSY, 0);
}

void mu_population_set_idle(struct mu_population *p, uint32_t client) {
    change_state(p, client, 0, MU_CLIENT_BUSY);
}

void mu_population_set_online(struct mu_population *p, uint32_t client, bool online) {
    change_state(p, client, online ? 0 : MU_CLIENT_OFFLINE, online ? MU_CLIENT_OFFLINE : 0);
}

void mu_population_retire(struct mu_population *p, uint32_t client, bool retired) {
    const bool was = (p->client[client].state & MU_CLIENT_RETIRED) != 0;
    p->retired += (uint32_t)retired - (uint32_t)was;
    change_state(p, client, retired ? MU_CLIENT_RETIRED : 0, retired ? 0 : MU_CLIENT_RETIRED);
}

/* Counts one more pick of a client; the client's entry stays where it was first picked. */
static void pick(struct mu_population *p, uint32_t client, struct mu_pick *picks, uint32_t room, uint32_t *found) {
    if (p->client[client].picked == 0) {
        if (*found == room) {
            return;
        }
        picks[(*found)++].client = client;
    }
    p->client[client].picked++;
}

/* The random numbers of one draw: of the run's seed, or secret. */
struct source {
    struct mu_rng rng;
    const struct mu_noise_key *secret; /* or NULL */
    struct mu_noise_place place;
    uint64_t index; /* of the next secret number */
};

/* A run that draws more than 2^32 times goes on in the client word of the seed's counter. */
static void begin_draw(struct mu_population *p, struct source *source) {
    *source = (struct source){
        .secret = p->secret,
        .place = {.purpose = MU_NOISE_SAMPLING, .step = p->draws, .part = 1},
    };
    mu_rng_init(&source->rng, p->seed, MU_STREAM_SAMPLING, (uint32_t)(p->draws >> 32), (uint32_t)p->draws);
    p->draws++;
}

/* 0..n-1, all alike: words above the largest multiple of n are passed over. */
static uint64_t below(struct source *source, uint64_t n) {
    if (source->secret == NULL) {
        return mu_rng_below(&source->rng, n);
    }
    const uint64_t excess = (UINT64_MAX % n + 1) % n; /* 2^64 modulo n */
    uint64_t word;
    do {
        word = mu_noise_bits(source->secret, &source->place, source->index++);
    } while (word > UINT64_MAX - excess);
    return word % n;
}

/* On (0, 1]. */
static double positive(struct source *source) {
    return source->secret == NULL ? mu_rng_positive(&source->rng)
                                  : 1 - mu_noise_uniform(source->secret, &source->place, source->index++);
}

/* Fisher and Yates, stopped after n. It reorders the idle part, which is state like any other, and gathers the picks at
 * its end, where they leave it from when they become busy. */
static void sample_uniform(struct mu_population *p, struct source *source, uint32_t n, struct mu_pick *picks,
                           uint32_t room, uint32_t *found) {
    for (uint32_t i = 0; i < n && i < p->idle; i++) {
        const uint32_t last = p->idle - 1 - i;
        swap_places(p, last, (uint32_t)below(source, last + 1));
        pick(p, p->order[last], picks, room, found);
    }
}

static void sample_size(struct mu_population *p, struct source *source, bool replacement, uint32_t n,
                        struct mu_pick *picks, uint32_t room, uint32_t *found) {
    if (!replacement && n > room) {
        n = room; /* what is taken out of the tree must be among the picks, to be put back */
    }
    for (uint32_t i = 0; i < n && tree_total(p) > 0; i++) {
        const uint32_t client = tree_find(p, below(source, tree_total(p)));
        pick(p, client, picks, room, found);
        if (!replacement) {
            tree_add(p, client, -(uint64_t)mu_data_size(p->data, client));
        }
    }
    for (uint32_t i = 0; !replacement && i < *found; i++) {
        tree_add(p, picks[i].client, mu_data_size(p->data, picks[i].client));
    }
}

/* Each idle client with probability n / clients: skips are geometric, so that the cost is that of the picks. */
static void sample_poisson(struct mu_population *p, struct source *source, double n, struct mu_pick *picks,
                           uint32_t room, uint32_t *found) {
    const double q = fmin(1.0, n / p->n);
    for (double at = 0; q > 0; at++) {
        at += q < 1 ? floor(log(positive(source)) / log1p(-q)) : 0;
        if (at >= p->n) {
            break;
        }
        if (mu_population_is_idle(p, (uint32_t)at)) {
            pick(p, (uint32_t)at, picks, room, found);
        }
    }
}

int mu_population_sample(struct mu_population *p, enum mu_sampling how, double n, struct mu_pick *picks, uint32_t room,
                         uint32_t *found, struct mu_err *err) {
    *found = 0;
    if ((how == MU_SAMPLE_SIZE || how == MU_SAMPLE_SIZE_REPLACEMENT) && p->tree == NULL) {
        MU_TRY(tree_build(p, err));
    }
    struct source source;
    begin_draw(p, &source);
    const uint32_t count = n < p->n ? (uint32_t)n : p->n;
    switch (how) {
    case MU_SAMPLE_UNIFORM:
        sample_uniform(p, &source, count, picks, room, found);
        break;
    case MU_SAMPLE_REPLACEMENT:
        for (uint32_t i = 0; i < count && p->idle > 0; i++) {
            pick(p, p->order[below(&source, p->idle)], picks, room, found);
        }
        break;
    case MU_SAMPLE_SIZE:
    case MU_SAMPLE_SIZE_REPLACEMENT:
        sample_size(p, &source, how == MU_SAMPLE_SIZE_REPLACEMENT, count, picks, room, found);
        break;
    case MU_SAMPLE_POISSON:
        sample_poisson(p, &source, n, picks, room, found);
        break;
    }
    for (uint32_t i = 0; i < *found; i++) {
        picks[i].times = p->client[picks[i].client].picked;
        p->client[picks[i].client].picked = 0;
    }
    return MU_OK;
}
