/* Loading, dealing out and sharing, on sources small enough to know every number. */
#include "unit/data/helper.h"

#include "muster/base/mem.h"
#include "source.h"

static const char blobs[] = "{'source': 'blobs', 'samples': 1003, 'test_samples': 50, 'features': 3, 'classes': 4, "
                            "'clients': %u, 'partition': {'kind': '%s'}}";

/* Every blob row is distinct, so that a row can be found again in the pool as it was loaded. */
static void reorder_keeps_every_row_with_its_label(void **state) {
    (void)state;
    struct opened opened;
    struct mu_data *const data = open_data(&opened, 7, blobs, 10u, "dirichlet");
    struct mu_pool pool = {0};
    struct mu_err err = {0};
    const struct mu_load call = {.options = opened.config.source.options, .file = "test.json", .seed = 7};
    assert_int_equal(((const struct mu_source *)opened.config.source.kind)->load(&call, &pool, &err), MU_OK);
    bool seen[1003] = {false};
    size_t total = 0;
    for (uint32_t client = 0; client < 10; client++) {
        const struct mu_rows rows = client_rows(data, client);
        assert_int_equal(rows.n, mu_data_size(data, client));
        size_t from = 0;
        for (size_t i = 0; i < rows.n; i++, total++) {
            const float *const x = (const float *)rows.x + i * 3;
            /* Stable: a client's rows keep their order, so the search goes on where it stopped. */
            while (from < 1003 && memcmp((float *)pool.train.x + from * 3, x, 3 * sizeof *x) != 0) {
                from++;
            }
            assert_true(from < 1003);
            assert_false(seen[from]);
            seen[from] = true;
            assert_int_equal(rows.label[i], pool.train.label[from]);
        }
    }
    assert_int_equal(total, 1003);
    assert_int_equal(mu_data_total(data), 1003);
    mu_pool_clear(&pool);
    close_data(&opened);
}

static void assert_same_rows(const struct mu_rows *a, const struct mu_rows *b, bool same) {
    const bool equal = a->n == b->n && memcmp(a->x, b->x, a->n * a->width * mu_elem_bytes(a->elem)) == 0 &&
                       memcmp(a->label, b->label, a->n * sizeof *a->label) == 0;
    assert_int_equal(equal, same);
}

static void same_seed_gives_the_same_bytes_and_another_seed_does_not(void **state) {
    (void)state;
    struct opened first, second, other;
    const struct mu_data *const a = open_data(&first, 7, blobs, 10u, "dirichlet");
    const struct mu_data *const b = open_data(&second, 7, blobs, 10u, "dirichlet");
    const struct mu_data *const c = open_data(&other, 8, blobs, 10u, "dirichlet");
    for (uint32_t client = 0; client < 10; client++) {
        const struct mu_rows rows = client_rows(a, client), again = client_rows(b, client);
        const struct mu_rows different = client_rows(c, client);
        assert_same_rows(&rows, &again, true);
        assert_same_rows(&rows, &different, false);
    }
    assert_same_rows(mu_data_test(a), mu_data_test(b), true);
    close_data(&first);
    close_data(&second);
    close_data(&other);
}

static void more_clients_than_rows_is_an_error(void **state) {
    (void)state;
    struct opened opened;
    expect_bad_data("test.json: /data/clients", "1004 clients for 1003", blobs, 1004u, "iid");
    const struct mu_data *const data = open_data(&opened, 1, blobs, 1003u, "iid");
    for (uint32_t client = 0; client < 1003; client++) {
        assert_int_equal(mu_data_size(data, client), 1);
    }
    close_data(&opened);
}

static void clients_default_to_100(void **state) {
    (void)state;
    struct opened opened;
    assert_int_equal(mu_data_clients(open_data(&opened, 1, "{'source': 'blobs'}")), 100);
    close_data(&opened);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reorder_keeps_every_row_with_its_label),
        cmocka_unit_test(same_seed_gives_the_same_bytes_and_another_seed_does_not),
        cmocka_unit_test(more_clients_than_rows_is_an_error),
        cmocka_unit_test(clients_default_to_100),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
