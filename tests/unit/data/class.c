/* class: one class per client. */
#include "unit/data/helper.h"

#include "partition.h"

static void every_client_holds_one_class_and_shares_it_evenly(void **state) {
    (void)state;
    struct opened opened;
    /* 4 classes of 250 rows; classes 0 and 1 are shared by three clients, 2 and 3 by two. */
    const struct mu_data *const data =
        open_data(&opened, 1,
                  "{'source': 'blobs', 'samples': 1000, 'classes': 4, 'clients': 10, 'partition': {'kind': 'class'}}");
    for (uint32_t i = 0; i < 10; i++) {
        const struct mu_rows rows = client_rows(data, i);
        for (size_t k = 0; k < rows.n; k++) {
            assert_int_equal(rows.label[k], i % 4);
        }
        assert_in_range(rows.n, i % 4 < 2 ? 83 : 125, i % 4 < 2 ? 84 : 125);
    }
    close_data(&opened);
}

static void the_classes_are_the_clients_if_nothing_is_said(void **state) {
    (void)state;
    struct opened opened;
    assert_int_equal(mu_data_clients(open_data(&opened, 1, "{'source': 'blobs', 'partition': {'kind': 'class'}}")), 10);
    close_data(&opened);
}

static void too_few_or_too_many_clients_are_errors(void **state) {
    (void)state;
    expect_bad_data("/data/clients", "3 clients cannot hold one class each of 4",
                    "{'source': 'blobs', 'classes': 4, 'clients': 3, 'partition': {'kind': 'class'}}");
    /* Clients 1 and 3 would share the only row of class 1. */
    static const int32_t label[] = {0, 0, 0, 1};
    const struct mu_partition *const partition = (const struct mu_partition *)mu_registry_find(&mu_partitions, "class");
    const struct mu_deal deal = {.file = "test.json", .rows = 4, .clients = 4, .classes = 2, .label = label};
    struct mu_err err = {0};
    uint32_t owner[4];
    assert_int_equal(partition->assign(&deal, owner, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "/data/clients", "2 clients for the 1 rows of class 1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_client_holds_one_class_and_shares_it_evenly),
        cmocka_unit_test(the_classes_are_the_clients_if_nothing_is_said),
        cmocka_unit_test(too_few_or_too_many_clients_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
