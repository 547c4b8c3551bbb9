/* Quadratics: one row per client, exact float64 values in the order of the config. */
#include "unit/data/helper.h"

static void targets_of_one_dimension_are_one_row_each(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1, "{'source': 'quadratic', 'targets': [1, 2, 6]}");
    static const double target[] = {1, 2, 6};
    assert_int_equal(mu_data_clients(data), 3);
    assert_int_equal(mu_data_task(data)->kind, MU_QUADRATIC);
    assert_int_equal(mu_data_task(data)->features, 1);
    assert_false(mu_data_task(data)->matrix);
    assert_null(mu_data_task(data)->x0);
    for (uint32_t client = 0; client < 3; client++) {
        const struct mu_rows rows = client_rows(data, client);
        assert_int_equal(rows.n, 1);
        assert_int_equal(rows.elem, MU_F64);
        assert_true(*(const double *)rows.x == target[client]);
    }
    assert_int_equal(mu_data_test(data)->n, 3);
    assert_memory_equal(mu_data_test(data)->x, target, sizeof target);
    close_data(&opened);
}

static void a_nested_array_is_one_vector_per_client(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'quadratic', 'targets': [[1, 2, 6], [0.5, 0, -1]], 'x0': [3, 2, 1]}");
    static const double second[] = {0.5, 0, -1}, x0[] = {3, 2, 1};
    assert_int_equal(mu_data_clients(data), 2);
    assert_int_equal(mu_data_task(data)->features, 3);
    assert_memory_equal(client_rows(data, 1).x, second, sizeof second);
    assert_memory_equal(mu_data_task(data)->x0, x0, sizeof x0);
    close_data(&opened);
}

static void matrices_and_vectors_make_one_row(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(
        &opened, 1, "{'source': 'quadratic', 'A': [[[2, 1], [1, 2]], [[3, 0], [0, 4]]], 'b': [[1, 0], [5, 6]]}");
    static const double second[] = {3, 0, 0, 4, 5, 6};
    assert_true(mu_data_task(data)->matrix);
    assert_int_equal(mu_data_task(data)->features, 2);
    assert_int_equal(client_rows(data, 1).width, 6);
    assert_memory_equal(client_rows(data, 1).x, second, sizeof second);
    close_data(&opened);
    assert_int_equal(mu_data_clients(open_data(&opened, 1, "{'source': 'quadratic', 'A': [2, 3], 'b': [1, 0]}")), 2);
    close_data(&opened);
}

static void wrong_shapes_and_matrices_are_errors(void **state) {
    (void)state;
    expect_bad_data("/data", "either targets or both A and b", "{'source': 'quadratic'}");
    expect_bad_data("/data", "either targets or both A and b", "{'source': 'quadratic', 'A': [1]}");
    expect_bad_data("/data", "either targets or both A and b",
                    "{'source': 'quadratic', 'targets': [1], 'A': [1], 'b': [1]}");
    expect_bad_data("/data/x0", "expected 1 numbers", "{'source': 'quadratic', 'targets': [1, 2], 'x0': [1, 2]}");
    expect_bad_data("/data/A", "2 of 2 x 2", "{'source': 'quadratic', 'A': [[[1, 0], [0, 1]]], 'b': [[1, 0], [5, 6]]}");
    expect_bad_data("/data/A/1", "not symmetric",
                    "{'source': 'quadratic', 'A': [[[2, 1], [1, 2]], [[3, 0.1], [0, 4]]], 'b': [[1, 0], [5, 6]]}");
    expect_bad_data("/data/A/0", "not positive definite",
                    "{'source': 'quadratic', 'A': [[[1, 2], [2, 1]], [[3, 0], [0, 4]]], 'b': [[1, 0], [5, 6]]}");
    expect_bad_data("/data/clients", "has 3 clients, not 4",
                    "{'source': 'quadratic', 'targets': [1, 2, 6], 'clients': 4}");
    expect_bad_data("/data/partition", "says itself",
                    "{'source': 'quadratic', 'targets': [1, 2, 6], 'partition': {'kind': 'dirichlet'}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_of_one_dimension_are_one_row_each),
        cmocka_unit_test(a_nested_array_is_one_vector_per_client),
        cmocka_unit_test(matrices_and_vectors_make_one_row),
        cmocka_unit_test(wrong_shapes_and_matrices_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
