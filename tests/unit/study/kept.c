#include "support_study.h"

#include "muster/data/data.h"

#define CONFIG(seed, alpha, lr)                                                                       \
    "{\"seed\":" seed                                                                                 \
    ",\"data\":{\"source\":\"blobs\",\"clients\":6,\"samples\":300,\"test_samples\":20,\"partition\"" \
    ":{\"kind\":\"dirichlet\",\"alpha\":" alpha                                                       \
    "}},\"model\":{\"kind\":\"softmax\"},\"client\":{\"optimizer\":{\"kind\":\"sgd\",\"lr\":" lr      \
    "}},\"stop\":{\"steps\":3}}"

struct keeper {
    struct mu_kept kept;
    struct mu_comm *comm;
};

static int open_keeper(void **state) {
    static struct keeper keeper;
    keeper = (struct keeper){.comm = mu_comm_solo()};
    *state = &keeper;
    return keeper.comm != NULL ? 0 : -1;
}

static int close_keeper(void **state) {
    struct keeper *k = *state;
    mu_kept_clear(&k->kept);
    mu_comm_stop(k->comm);
    return 0;
}

static const struct mu_data *get(struct keeper *k, const char *config_text) {
    struct mu_err err = {0};
    struct mu_data *data = NULL;
    cJSON *config = study_json(config_text);
    mu_kept_get(&k->kept, config, "sweep.json", k->comm, &data, &err);
    support_expect_ok(&err);
    assert_non_null(data);
    cJSON_Delete(config); /* what is kept does not need it */
    return data;
}

/* Whether the data is what a run of the config would load for itself. */
static bool is_like_new(struct keeper *k, const struct mu_data *data, const char *config_text) {
    struct mu_err err = {0};
    struct mu_scenario scenario = {0};
    struct mu_data *own = NULL;
    cJSON *config = study_json(config_text);
    assert_int_equal(mu_group_parse(&mu_scenario_group, config, "sweep.json", "", &scenario, &err), MU_OK);
    assert_int_equal(mu_data_new(&own, &scenario.data, "sweep.json", (uint64_t)scenario.seed, k->comm, &err), MU_OK);
    bool alike = mu_data_clients(own) == mu_data_clients(data) && mu_data_total(own) == mu_data_total(data);
    for (uint32_t i = 0; alike && i < mu_data_clients(own); i++) {
        alike = mu_data_size(own, i) == mu_data_size(data, i);
    }
    mu_data_free(own);
    mu_scenario_clear(&scenario);
    cJSON_Delete(config);
    return alike;
}

static void points_that_differ_in_other_things_share_their_data(void **state) {
    struct keeper *k = *state;
    const struct mu_data *first = get(k, CONFIG("1", "0.5", "0.1"));
    assert_ptr_equal(get(k, CONFIG("1", "0.5", "0.2")), first);
    assert_ptr_equal(get(k, CONFIG("1", "0.5", "0.1")), first);
    assert_int_equal(k->kept.loads, 1);
    assert_true(is_like_new(k, first, CONFIG("1", "0.5", "0.2")));
}

static void another_seed_or_partition_is_other_data(void **state) {
    struct keeper *k = *state;
    const struct mu_data *first = get(k, CONFIG("1", "0.5", "0.1"));
    assert_true(is_like_new(k, first, CONFIG("1", "0.5", "0.1")));
    assert_false(is_like_new(k, first, CONFIG("2", "0.5", "0.1")));
    assert_false(is_like_new(k, first, CONFIG("1", "0.2", "0.1")));
    assert_true(is_like_new(k, get(k, CONFIG("2", "0.5", "0.1")), CONFIG("2", "0.5", "0.1")));
    assert_true(is_like_new(k, get(k, CONFIG("1", "0.2", "0.1")), CONFIG("1", "0.2", "0.1")));
    assert_int_equal(k->kept.loads, 3);
}

static void so_many_are_kept_and_the_oldest_goes(void **state) {
    struct keeper *k = *state;
    assert_int_equal(MU_KEPT, 2);
    const struct mu_data *a = get(k, CONFIG("1", "0.5", "0.1"));
    get(k, CONFIG("2", "0.5", "0.1"));
    assert_ptr_equal(get(k, CONFIG("1", "0.5", "0.1")), a);
    assert_int_equal(k->kept.loads, 2);
    for (int turn = 0; turn < 2; turn++) { /* of three in turn, the next is always the one that has gone */
        get(k, CONFIG("3", "0.5", "0.1"));
        get(k, CONFIG("3", "0.5", "0.1"));
        get(k, CONFIG("4", "0.5", "0.1"));
        assert_true(is_like_new(k, get(k, CONFIG("5", "0.5", "0.1")), CONFIG("5", "0.5", "0.1")));
    }
    assert_int_equal(k->kept.loads, 2 + 6);
}

static void data_that_cannot_be_had_leaves_nothing_behind(void **state) {
    struct keeper *k = *state;
    struct mu_err err = {0};
    struct mu_data *data = NULL;
    cJSON *config =
        study_json("{\"data\":{\"source\":\"csv\",\"path\":\"/nowhere/x.csv\",\"clients\":2},\"model\":{\"kind\":"
                   "\"softmax\"},\"stop\":{\"steps\":1}}");
    get(k, CONFIG("1", "0.5", "0.1"));
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(mu_kept_get(&k->kept, config, "sweep.json", k->comm, &data, &err), MU_BAD_CONFIG);
        assert_null(data);
        support_expect_error(&err, MU_BAD_CONFIG, "/nowhere/x.csv", "");
    }
    assert_int_equal(k->kept.loads, 1);
    const struct mu_data *again = get(k, CONFIG("1", "0.5", "0.1"));
    assert_true(is_like_new(k, again, CONFIG("1", "0.5", "0.1")));
    assert_int_equal(k->kept.loads, 1); /* what was there still is */
    cJSON_Delete(config);
}

static void keys_are_of_data_and_seed(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {CONFIG("1", "0.5", "0.1"), CONFIG("1", "0.5", "0.2"), true},
        {CONFIG("1", "0.5", "0.1"), CONFIG("2", "0.5", "0.1"), false},
        {CONFIG("1", "0.5", "0.1"), CONFIG("1", "0.25", "0.1"), false},
        {"{}", "{\"seed\":null}", true},
        {"{\"data\":{\"x\":0.1}}", "{\"data\":{\"x\":0.10000000000000002}}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *a = NULL, *b = NULL;
        struct mu_err err = {0};
        cJSON *x = study_json(cases[i].a), *y = study_json(cases[i].b);
        assert_int_equal(mu_kept_key(x, &a, &err), MU_OK);
        assert_int_equal(mu_kept_key(y, &b, &err), MU_OK);
        assert_int_equal(strcmp(a, b) == 0, cases[i].same);
        mu_free(a);
        mu_free(b);
        cJSON_Delete(x);
        cJSON_Delete(y);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(points_that_differ_in_other_things_share_their_data, open_keeper, close_keeper),
        cmocka_unit_test_setup_teardown(another_seed_or_partition_is_other_data, open_keeper, close_keeper),
        cmocka_unit_test_setup_teardown(so_many_are_kept_and_the_oldest_goes, open_keeper, close_keeper),
        cmocka_unit_test_setup_teardown(data_that_cannot_be_had_leaves_nothing_behind, open_keeper, close_keeper),
        cmocka_unit_test(keys_are_of_data_and_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
