/* Interning: ids by first appearance, also across growth of every array. */
#include "unit/data/helper.h"

#include "read/intern.h"

static void ids_follow_first_appearance(void **state) {
    (void)state;
    struct mu_intern intern = {0};
    struct mu_err err = {0};
    char text[32];
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            uint32_t id = 0;
            const int n = snprintf(text, sizeof text, "%u", i * 7919u);
            assert_int_equal(mu_intern_add(&intern, text, (size_t)n, &id, &err), MU_OK);
            assert_int_equal(id, i);
        }
    }
    assert_int_equal(intern.n, 5000);
    assert_string_equal(mu_intern_text(&intern, 3), "23757");
    mu_intern_clear(&intern);
}

static void prefixes_the_empty_string_and_nul_bytes_are_distinct(void **state) {
    (void)state;
    struct mu_intern intern = {0};
    struct mu_err err = {0};
    static const struct {
        const char *text;
        size_t n;
    } strings[] = {{"", 0}, {"a", 1}, {"ab", 2}, {"a\0b", 3}, {"a\0", 2}};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 5; i++) {
            uint32_t id = 99;
            assert_int_equal(mu_intern_add(&intern, strings[i].text, strings[i].n, &id, &err), MU_OK);
            assert_int_equal(id, i);
        }
    }
    mu_intern_clear(&intern);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_follow_first_appearance),
        cmocka_unit_test(prefixes_the_empty_string_and_nul_bytes_are_distinct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
