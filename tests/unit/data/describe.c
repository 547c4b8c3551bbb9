/* What `muster check` prints of a partition. */
#include "unit/data/helper.h"

/* The description, the caller's to free. */
static char *describe(const char *json) {
    struct opened opened;
    struct mu_err err = {0};
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    assert_int_equal(mu_data_describe(open_data(&opened, 1, "%s", json), out, &err), MU_OK);
    fclose(out);
    assert_non_null(text);
    close_data(&opened);
    return text;
}

static void expect_text(const char *text, const char *part) {
    if (text == NULL || strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text != NULL ? text : "");
    }
}

static void sizes_and_shape_are_printed(void **state) {
    (void)state;
    char *const text = describe("{'source': 'blobs', 'samples': 1003, 'test_samples': 50, 'features': 3, 'classes': 4, "
                                "'clients': 10}");
    expect_text(text, "blobs: 1003 training rows, 50 test rows, 3 features, 4 classes\n");
    expect_text(text, "10 (iid)\n");
    expect_text(text, "min 100, quartiles 100 / 100 / 101, max 101, mean 100.3\n");
    free(text);
}

/* One class per client of four equal ones: every distance is 3/4 and clients stand in their order. */
static void the_most_skewed_clients_are_shown_with_their_labels(void **state) {
    (void)state;
    char *const text = describe("{'source': 'blobs', 'samples': 800, 'classes': 4, 'clients': 8, "
                                "'partition': {'kind': 'class'}}");
    expect_text(text, "mean 0.750, max 0.750\n");
    expect_text(text, "  client 0       100 rows, distance 0.750, labels 0:100\n");
    expect_text(text, "  client 4       100 rows, distance 0.750, labels 0:100\n");
    assert_null(strstr(text, "client 5"));
    free(text);
}

static void a_long_histogram_is_cut(void **state) {
    (void)state;
    char *const text = describe("{'source': 'blobs', 'samples': 300, 'classes': 15, 'clients': 1}");
    expect_text(text, " 10:20 11:20 and 3 more\n");
    free(text);
}

static void rows_on_demand_and_rows_without_labels_are_described(void **state) {
    (void)state;
    char *text = describe("{'source': 'synthetic', 'clients': 1000}");
    expect_text(text, "1000 (fixed by the source)\n");
    expect_text(text, "(of the first 200 clients)\n");
    free(text);
    text = describe("{'source': 'quadratic', 'targets': [1, 2, 6]}");
    expect_text(text, "quadratic: 3 training rows, 3 test rows, 1 dimensions\n");
    assert_null(strstr(text, "skew"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_shape_are_printed),
        cmocka_unit_test(the_most_skewed_clients_are_shown_with_their_labels),
        cmocka_unit_test(a_long_histogram_is_cut),
        cmocka_unit_test(rows_on_demand_and_rows_without_labels_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
