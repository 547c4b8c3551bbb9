/* The tables of a sweep file's keys are well formed; that the reader and the schema follow them is sweep_schema.c's. */
#include "support.h"

#include "sweep_keys.h"

static const struct mu_sweep_table *const tables[] = {
    &mu_sweep_table, &mu_sweep_axis_table, &mu_sweep_patch_table, &mu_sweep_random_table, &mu_sweep_random_axis_table,
};

enum { TABLES = sizeof tables / sizeof *tables };

static size_t count_keys(const struct mu_sweep_table *table, const char *name) {
    size_t n = 0;
    for (const struct mu_sweep_key *key = table->keys; key->name != NULL; key++) {
        n += strcmp(key->name, name) == 0;
    }
    return n;
}

static void keys_are_there_once_and_say_what_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        assert_true(tables[i]->keys[0].name != NULL);
        assert_true(strlen(tables[i]->doc) > 0);
        for (const struct mu_sweep_key *key = tables[i]->keys; key->name != NULL; key++) {
            assert_int_equal(count_keys(tables[i], key->name), 1);
            assert_true(strlen(key->doc) > 0);
        }
    }
    assert_int_equal(count_keys(&mu_sweep_table, "sweep"), 0); /* the control */
}

/* "of" belongs to the values that are made of something else, bounds to numbers and arrays. */
static void keys_have_what_their_values_need(void **state) {
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        for (const struct mu_sweep_key *key = tables[i]->keys; key->name != NULL; key++) {
            const bool made =
                key->value == MU_SWEEP_OBJECT || key->value == MU_SWEEP_OBJECTS || key->value == MU_SWEEP_GROUP;
            const bool number = key->value == MU_SWEEP_INTEGER || key->value == MU_SWEEP_SEEDS;
            assert_int_equal(key->of != NULL, made);
            assert_int_equal(key->max > 0, number);
            assert_true(!number || key->min <= key->max);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_there_once_and_say_what_they_are),
        cmocka_unit_test(keys_have_what_their_values_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
