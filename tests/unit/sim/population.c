/* Drawing clients. The statistical tests compare the frequencies of whole outcomes (ordered pairs, subsets) with their
 * probabilities by Pearson's statistic; a right sampler fails one of them with probability 1e-6. Each has a negative
 * control: the same frequencies against probabilities that are a little off. */
#include "support.h"

#include <cJSON.h>

#include "population.h"

#define SIX                                                                                                     \
    "{\"source\": \"blobs\", \"samples\": 600, \"test_samples\": 0, \"clients\": 6, \"partition\": {\"kind\": " \
    "\"quantity\", \"sigma\": 0.7, \"min_samples\": 20}}"

struct world {
    struct mu_comm *comm;
    struct mu_data_config config;
    struct mu_data *data;
    struct mu_population p;
};

static const struct mu_noise_key *secret; /* for draws that no seed tells */

static int draw_secretly(void **state) {
    static const struct mu_noise_key key = {{5, 6, 7, 8}};
    (void)state;
    secret = &key;
    return 0;
}

static int draw_openly(void **state) {
    (void)state;
    secret = NULL;
    return 0;
}

static struct world *make_world(const char *text, uint64_t seed) {
    struct world *const w = calloc(1, sizeof *w);
    struct mu_err err = {.code = MU_OK};
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    mu_group_parse(&mu_data_group, json, "test", "/data", &w->config, &err);
    cJSON_Delete(json);
    support_expect_ok(&err);
    w->comm = mu_comm_solo();
    mu_data_new(&w->data, &w->config, "test", 1, w->comm, &err);
    support_expect_ok(&err);
    mu_population_init(&w->p, w->data, seed, &err);
    support_expect_ok(&err);
    w->p.secret = secret;
    return w;
}

static void free_world(struct world *w) {
    mu_population_clear(&w->p);
    mu_data_free(w->data);
    mu_group_clear(&mu_data_group, &w->config);
    mu_comm_stop(w->comm);
    free(w);
}

static uint32_t sample(struct world *w, enum mu_sampling how, double n, struct mu_pick *picks, uint32_t room) {
    struct mu_err err = {.code = MU_OK};
    uint32_t found = UINT32_MAX;
    mu_population_sample(&w->p, how, n, picks, room, &found, &err);
    support_expect_ok(&err);
    assert_true(found <= room);
    return found;
}

static double share(const struct world *w, uint32_t client) {
    return (double)mu_data_size(w->data, client) / (double)mu_data_total(w->data);
}

/* The frequencies agree with these probabilities (times `total`), whose sum is 1. */
static double score(size_t k, const double *count, const double *probability, double total) {
    double expected[64];
    assert_true(k <= 64);
    for (size_t i = 0; i < k; i++) {
        expected[i] = probability[i] * total;
    }
    return support_chi_square_score(k, count, expected);
}

enum { CLIENTS = 6, PAIRS = CLIENTS * (CLIENTS - 1), DRAWS = 60000 };

static size_t pair_index(uint32_t first, uint32_t second) {
    return first * (CLIENTS - 1) + (second > first ? second - 1 : second);
}

/* Ordered pairs drawn without replacement, against p_i p_j / (1 - p_i) for weights p. */
static void expect_pairs(enum mu_sampling how, const double *p, const double *broken) {
    struct world *const w = make_world(SIX, 5);
    double count[PAIRS] = {0}, right[PAIRS], wrong[PAIRS];
    for (int i = 0; i < DRAWS; i++) {
        struct mu_pick picks[2];
        assert_int_equal(sample(w, how, 2, picks, 2), 2);
        assert_true(picks[0].times == 1 && picks[1].times == 1 && picks[0].client != picks[1].client);
        count[pair_index(picks[0].client, picks[1].client)]++;
    }
    for (uint32_t a = 0; a < CLIENTS; a++) {
        for (uint32_t b = 0; b < CLIENTS; b++) {
            if (a != b) {
                right[pair_index(a, b)] = p[a] * p[b] / (1 - p[a]);
                wrong[pair_index(a, b)] = broken[a] * broken[b] / (1 - broken[a]);
            }
        }
    }
    assert_true(fabs(score(PAIRS, count, right, DRAWS)) < SUPPORT_SCORE_LIMIT);
    assert_false(fabs(score(PAIRS, count, wrong, DRAWS)) < SUPPORT_SCORE_LIMIT);
    free_world(w);
}

/* The same weights with client 0 favoured by a tenth. */
static void favour_one(const double *p, double *broken) {
    const double total = 1 + 0.1 * p[0];
    for (uint32_t i = 0; i < CLIENTS; i++) {
        broken[i] = p[i] * (i == 0 ? 1.1 : 1) / total;
    }
}

static void uniform_draws_have_uniform_pairs(void **state) {
    (void)state;
    double p[CLIENTS], broken[CLIENTS];
    for (uint32_t i = 0; i < CLIENTS; i++) {
        p[i] = 1.0 / CLIENTS;
    }
    favour_one(p, broken);
    expect_pairs(MU_SAMPLE_UNIFORM, p, broken);
}

static void draws_by_size_go_one_after_the_other(void **state) {
    (void)state;
    struct world *const w = make_world(SIX, 5);
    double p[CLIENTS], broken[CLIENTS], least = 1, most = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        p[i] = share(w, i);
        least = fmin(least, p[i]);
        most = fmax(most, p[i]);
    }
    assert_true(most > 1.5 * least); /* the sizes do differ */
    favour_one(p, broken);
    expect_pairs(MU_SAMPLE_SIZE, p, broken);
    free_world(w);
}

/* With replacement all draws are independent: the totals are multinomial. */
static void expect_totals(enum mu_sampling how, bool by_size) {
    struct world *const w = make_world(SIX, 6);
    double count[CLIENTS] = {0}, p[CLIENTS], broken[CLIENTS];
    bool repeated = false;
    for (int i = 0; i < DRAWS / 4; i++) {
        struct mu_pick picks[4];
        const uint32_t found = sample(w, how, 4, picks, 4);
        uint32_t times = 0;
        for (uint32_t k = 0; k < found; k++) {
            for (uint32_t j = 0; j < k; j++) {
                assert_int_not_equal(picks[j].client, picks[k].client);
            }
            count[picks[k].client] += picks[k].times;
            times += picks[k].times;
            repeated = repeated || picks[k].times > 1;
        }
        assert_int_equal(times, 4);
    }
    assert_true(repeated);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        p[i] = by_size ? share(w, i) : 1.0 / CLIENTS;
    }
    favour_one(p, broken);
    assert_true(fabs(score(CLIENTS, count, p, DRAWS)) < SUPPORT_SCORE_LIMIT);
    assert_false(fabs(score(CLIENTS, count, broken, DRAWS)) < SUPPORT_SCORE_LIMIT);
    free_world(w);
}

static void draws_with_replacement_are_independent(void **state) {
    (void)state;
    expect_totals(MU_SAMPLE_REPLACEMENT, false);
    expect_totals(MU_SAMPLE_SIZE_REPLACEMENT, true);
}

/* Each of the 64 subsets of six clients: q^k (1 - q)^(6 - k). */
static void poisson_draws_take_each_client_by_itself(void **state) {
    (void)state;
    struct world *const w = make_world(SIX, 7);
    double count[64] = {0}, right[64], wrong[64];
    const double q = 0.4, off = 0.41;
    for (int i = 0; i < DRAWS; i++) {
        struct mu_pick picks[CLIENTS];
        const uint32_t found = sample(w, MU_SAMPLE_POISSON, q * CLIENTS, picks, CLIENTS);
        unsigned set = 0;
        for (uint32_t k = 0; k < found; k++) {
            assert_int_equal(picks[k].times, 1);
            assert_false(set & 1u << picks[k].client);
            set |= 1u << picks[k].client;
        }
        count[set]++;
    }
    for (unsigned set = 0; set < 64; set++) {
        const int k = __builtin_popcount(set);
        right[set] = pow(q, k) * pow(1 - q, CLIENTS - k);
        wrong[set] = pow(off, k) * pow(1 - off, CLIENTS - k);
    }
    assert_true(fabs(score(64, count, right, DRAWS)) < SUPPORT_SCORE_LIMIT);
    assert_false(fabs(score(64, count, wrong, DRAWS)) < SUPPORT_SCORE_LIMIT);
    free_world(w);
}

/* With two of six busy, the others are drawn as if they were alone; busy ones never. */
static void busy_clients_are_not_drawn(void **state) {
    (void)state;
    struct world *const w = make_world(SIX, 8);
    mu_population_set_busy(&w->p, 1);
    mu_population_set_busy(&w->p, 4);
    const double idle = 1 - share(w, 1) - share(w, 4);
    for (enum mu_sampling how = MU_SAMPLE_UNIFORM; how <= MU_SAMPLE_POISSON; how++) {
        double count[4] = {0}, p[4], total = 0;
        for (int i = 0; i < DRAWS; i++) {
            struct mu_pick pick[CLIENTS];
            const uint32_t found = sample(w, how, 1, pick, CLIENTS);
            assert_true(how == MU_SAMPLE_POISSON || found == 1);
            for (uint32_t k = 0; k < found; k++) {
                const uint32_t c = pick[k].client;
                assert_true(c != 1 && c != 4);
                count[c == 0 ? 0 : c < 4 ? c - 1 : 3]++;
                total++;
            }
        }
        const bool by_size = how == MU_SAMPLE_SIZE || how == MU_SAMPLE_SIZE_REPLACEMENT;
        for (size_t k = 0; k < 4; k++) {
            static const uint32_t clients[] = {0, 2, 3, 5};
            p[k] = by_size ? share(w, clients[k]) / idle : 0.25;
        }
        assert_true(fabs(score(4, count, p, total)) < SUPPORT_SCORE_LIMIT);
        p[0] *= 1.1; /* and the others as they are */
        assert_false(fabs(score(4, count, p, total)) < SUPPORT_SCORE_LIMIT);
    }
    free_world(w);
}

/* Everything that the structure promises, by recomputation. */
static void check_consistency(const struct world *w, const bool *busy) {
    const struct mu_population *const p = &w->p;
    uint32_t idle = 0;
    uint64_t rows = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        assert_int_equal(p->order[p->place[i]], i);
        assert_int_equal(mu_population_is_idle(p, i), !busy[i]);
        assert_int_equal(p->client[i].picked, 0);
        idle += !busy[i];
        rows += busy[i] ? 0 : mu_data_size(w->data, i);
        if (p->tree != NULL) { /* the Fenwick tree's prefix sums */
            uint64_t prefix = 0;
            for (size_t k = (size_t)i + 1; k > 0; k -= k & -k) {
                prefix += p->tree[k];
            }
            assert_int_equal(prefix, rows);
        }
    }
    assert_int_equal(p->idle, idle);
}

static void random_use_keeps_the_books_right(void **state) {
    (void)state;
    struct world *const w = make_world("{\"source\": \"synthetic\", \"clients\": 77, \"features\": 2, \"classes\": 2, "
                                       "\"test_samples\": 0, \"max_samples\": 50}",
                                       9);
    bool busy[77] = {false};
    struct mu_rng rng;
    mu_rng_init(&rng, 3, MU_STREAM_DATA, 0, 0);
    for (int i = 0; i < 3000; i++) {
        const uint32_t client = (uint32_t)mu_rng_below(&rng, 77);
        if (busy[client]) {
            mu_population_set_idle(&w->p, client);
        } else {
            mu_population_set_busy(&w->p, client);
        }
        busy[client] = !busy[client];
        if (i > 500 && i % 3 == 0) { /* the tree comes into being late, with clients busy already */
            struct mu_pick picks[100];
            const enum mu_sampling how = (enum mu_sampling)mu_rng_below(&rng, 5);
            const uint32_t n = (uint32_t)mu_rng_below(&rng, 90), room = 1 + (uint32_t)mu_rng_below(&rng, 100);
            const uint32_t found = sample(w, how, n, picks, room);
            for (uint32_t k = 0; k < found; k++) {
                assert_false(busy[picks[k].client]);
                assert_true(picks[k].times >= 1);
            }
            if (how == MU_SAMPLE_UNIFORM || how == MU_SAMPLE_SIZE) { /* all of these clients have rows */
                const uint32_t most = n < w->p.idle ? n : w->p.idle;
                assert_int_equal(found, most < room ? most : room);
            }
        }
        check_consistency(w, busy);
    }
    assert_non_null(w->p.tree);
    free_world(w);
}

/* Busy and offline are two things: only who is neither is idle, in whichever order they end. */
static void offline_clients_are_not_idle(void **state) {
    (void)state;
    struct world *const w = make_world(SIX, 4);
    struct mu_pick picks[CLIENTS];
    assert_int_equal(sample(w, MU_SAMPLE_SIZE, CLIENTS, picks, CLIENTS), 6); /* from here on with the tree */
    mu_population_set_online(&w->p, 2, false);
    mu_population_set_online(&w->p, 2, false); /* twice is once */
    assert_int_equal(w->p.idle, 5);
    mu_population_set_busy(&w->p, 3);
    mu_population_set_online(&w->p, 3, false);
    mu_population_set_idle(&w->p, 3); /* its job has ended, but it is not there */
    assert_false(mu_population_is_idle(&w->p, 3));
    assert_int_equal(w->p.idle, 4);
    for (int i = 0; i < 200; i++) {
        const enum mu_sampling how = (enum mu_sampling)(i % 5);
        const uint32_t found = sample(w, how, 4, picks, CLIENTS);
        for (uint32_t k = 0; k < found; k++) {
            assert_true(picks[k].client != 2 && picks[k].client != 3);
        }
    }
    mu_population_set_online(&w->p, 3, true);
    mu_population_set_online(&w->p, 2, true);
    const bool busy[CLIENTS] = {false};
    check_consistency(w, busy);
    free_world(w);
}

static void a_draw_depends_on_the_seed_and_on_its_number_alone(void **state) {
    (void)state;
    struct world *const a = make_world(SIX, 1), *const b = make_world(SIX, 1), *const c = make_world(SIX, 2);
    int other_seed = 0, other_number = 0;
    for (int i = 0; i < 50; i++) {
        struct mu_pick x[4], y[4], z[4];
        (void)sample(a, MU_SAMPLE_SIZE_REPLACEMENT, 4, x, 4);
        (void)sample(b, MU_SAMPLE_SIZE_REPLACEMENT, 4, y, 4);
        (void)sample(c, MU_SAMPLE_SIZE_REPLACEMENT, 4, z, 4);
        assert_true(x[0].client == y[0].client && x[0].times == y[0].times);
        other_seed += x[0].client != z[0].client;
    }
    /* Draws 2^32 apart are different draws. */
    for (int i = 0; i < 50; i++) {
        struct mu_pick x[4], y[4];
        a->p.draws = (uint64_t)i;
        b->p.draws = (UINT64_C(1) << 32) + (uint64_t)i;
        (void)sample(a, MU_SAMPLE_SIZE_REPLACEMENT, 4, x, 4);
        (void)sample(b, MU_SAMPLE_SIZE_REPLACEMENT, 4, y, 4);
        other_number += x[0].client != y[0].client;
    }
    assert_true(other_seed > 20 && other_number > 20);
    free_world(a);
    free_world(b);
    free_world(c);
}

/* Where privacy rests on nobody knowing who takes part, the run's seed does not tell; the key does. */
static void secret_draws_follow_the_key(void **state) {
    (void)state;
    struct mu_noise_key key[3] = {{{1, 2, 3, 4}}, {{1, 2, 3, 4}}, {{1, 2, 3, 5}}};
    uint32_t drawn[4][60];
    for (size_t w = 0; w < 4; w++) {
        struct world *const world = make_world(SIX, w == 1 ? 2 : 1);
        world->p.secret = w < 3 ? &key[w] : NULL;
        for (size_t t = 0; t < 20; t++) {
            struct mu_pick picks[3];
            assert_int_equal(sample(world, MU_SAMPLE_UNIFORM, 3, picks, 3), 3);
            for (size_t i = 0; i < 3; i++) {
                drawn[w][3 * t + i] = picks[i].client;
            }
        }
        free_world(world);
    }
    assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);     /* another seed, the same key */
    assert_memory_not_equal(drawn[0], drawn[2], sizeof drawn[0]); /* another key */
    assert_memory_not_equal(drawn[0], drawn[3], sizeof drawn[0]); /* none */
}

static void asking_for_more_than_there_are_gives_all(void **state) {
    (void)state;
    struct world *const w = make_world(SIX, 1);
    struct mu_pick picks[20];
    mu_population_set_busy(&w->p, 0);
    assert_int_equal(sample(w, MU_SAMPLE_UNIFORM, 17, picks, 20), 5);
    assert_int_equal(sample(w, MU_SAMPLE_SIZE, 17, picks, 20), 5);
    assert_int_equal(sample(w, MU_SAMPLE_POISSON, 17, picks, 20), 5);
    assert_int_equal(sample(w, MU_SAMPLE_POISSON, 0, picks, 20), 0);
    for (uint32_t i = 1; i < 6; i++) {
        mu_population_set_busy(&w->p, i);
    }
    for (enum mu_sampling how = MU_SAMPLE_UNIFORM; how <= MU_SAMPLE_POISSON; how++) {
        assert_int_equal(sample(w, how, 3, picks, 20), 0);
    }
    free_world(w);
}

static void clients_without_rows_are_not_drawn_by_size(void **state) {
    (void)state;
    struct world *const w = make_world("{\"source\": \"blobs\", \"samples\": 12, \"test_samples\": 0, \"clients\": 12, "
                                       "\"partition\": {\"kind\": \"quantity\", \"sigma\": 3, \"min_samples\": 0}}",
                                       1);
    uint32_t with_rows = 0;
    for (uint32_t i = 0; i < 12; i++) {
        with_rows += mu_data_size(w->data, i) > 0;
    }
    assert_true(with_rows > 0 && with_rows < 12);
    struct mu_pick picks[12];
    assert_int_equal(sample(w, MU_SAMPLE_UNIFORM, 12, picks, 12), 12);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(sample(w, MU_SAMPLE_SIZE, 12, picks, 12), with_rows);
        for (uint32_t k = 0; k < with_rows; k++) {
            assert_true(mu_data_size(w->data, picks[k].client) > 0);
        }
    }
    free_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_draws_have_uniform_pairs),
        cmocka_unit_test(draws_by_size_go_one_after_the_other),
        cmocka_unit_test(draws_with_replacement_are_independent),
        cmocka_unit_test(poisson_draws_take_each_client_by_itself),
        cmocka_unit_test(busy_clients_are_not_drawn),
        cmocka_unit_test(random_use_keeps_the_books_right),
        cmocka_unit_test(offline_clients_are_not_idle),
        cmocka_unit_test(a_draw_depends_on_the_seed_and_on_its_number_alone),
        cmocka_unit_test(secret_draws_follow_the_key),
        cmocka_unit_test_setup_teardown(uniform_draws_have_uniform_pairs, draw_secretly, draw_openly),
        cmocka_unit_test_setup_teardown(poisson_draws_take_each_client_by_itself, draw_secretly, draw_openly),
        cmocka_unit_test_setup_teardown(busy_clients_are_not_drawn, draw_secretly, draw_openly),
        cmocka_unit_test(asking_for_more_than_there_are_gives_all),
        cmocka_unit_test(clients_without_rows_are_not_drawn_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
