/* column: the values of a CSV column are the clients. */
#include "unit/data/files.h"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static const char hospitals[] =
    "x,hospital,y\n1,north,0\n2,south,1\n3,north,1\n4,\"west, old\",0\n5,south,0\n6,north,0\n";

static void each_value_is_a_client_and_no_feature(void **state) {
    (void)state;
    static const char *const columns[] = {"hospital", "1"};
    static const size_t sizes[] = {3, 2, 1};
    static const float first[] = {1, 3, 6};
    for (size_t k = 0; k < 2; k++) {
        struct opened opened;
        const struct mu_data *const data =
            open_data(&opened, 1,
                      "{'source': 'csv', 'path': '%s', 'standardize': false, 'test_fraction': 0, "
                      "'partition': {'kind': 'column', 'column': '%s'}}",
                      put_text(dir, "h.csv", hospitals), columns[k]);
        assert_int_equal(mu_data_clients(data), 3);
        assert_int_equal(mu_data_task(data)->features, 1);
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(mu_data_size(data, i), sizes[i]);
        }
        assert_memory_equal(client_rows(data, 0).x, first, sizeof first);
        close_data(&opened);
    }
}

/* A hospital whose rows are all held out is no client: no client is empty. */
static void clients_are_those_of_the_training_rows(void **state) {
    (void)state;
    struct opened opened;
    bool fewer = false;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct mu_data *const data = open_data(&opened, seed,
                                                     "{'source': 'csv', 'path': '%s', 'test_fraction': 0.5, "
                                                     "'partition': {'kind': 'column', 'column': 'hospital'}}",
                                                     put_text(dir, "h.csv", hospitals));
        for (uint32_t i = 0; i < mu_data_clients(data); i++) {
            assert_true(mu_data_size(data, i) > 0);
        }
        fewer = fewer || mu_data_clients(data) < 3;
        close_data(&opened);
    }
    assert_true(fewer);
}

static void misuse_is_reported(void **state) {
    (void)state;
    const char *const path = put_text(dir, "h.csv", hospitals);
    expect_bad_data("/data/partition/column", "has no column \"city\"",
                    "{'source': 'csv', 'path': '%s', 'partition': {'kind': 'column', 'column': 'city'}}", path);
    expect_bad_data("/data/partition/column", "this column is the label",
                    "{'source': 'csv', 'path': '%s', 'partition': {'kind': 'column', 'column': 'y'}}", path);
    expect_bad_data("/data/clients", "makes 3 clients, not 2",
                    "{'source': 'csv', 'path': '%s', 'clients': 2, 'test_fraction': 0, "
                    "'partition': {'kind': 'column', 'column': 'hospital'}}",
                    path);
    expect_bad_data("/data/partition", "blobs has no columns",
                    "{'source': 'blobs', 'partition': {'kind': 'column', 'column': 'hospital'}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_a_client_and_no_feature),
        cmocka_unit_test(clients_are_those_of_the_training_rows),
        cmocka_unit_test(misuse_is_reported),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
