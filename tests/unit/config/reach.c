/* Which registries a group reaches, and what they are called. */
#include "reach.h"
#include "harness.h"

static void each_registry_is_met_once_in_reading_order(void **state) {
    (void)state;
    struct mu_reach reach;
    assert_int_equal(mu_reach(&sample_group, &reach, NULL), MU_OK);
    assert_int_equal(reach.n, 3);
    assert_ptr_equal(reach.v[0].registry, &sample_tools);
    assert_ptr_equal(reach.v[1].registry, &sample_laws); /* which contain themselves */
    assert_ptr_equal(reach.v[2].registry, &sample_sources);
    assert_true(reach.v[0].chosen && reach.v[1].chosen);
    assert_false(reach.v[2].chosen);
    assert_string_equal(mu_reach_name(&reach, &sample_laws), "law");
    mu_reach_clear(&reach);
}

/* Clients and the server may both have "optimizer"s, of different registries. */
static void registries_of_one_name_get_different_ones(void **state) {
    (void)state;
    const struct mu_registry first = {.what = "local optimizer", .plural = "local optimizers"};
    const struct mu_registry second = first;
    const struct mu_field fields[] = {{.name = "a", .type = MU_CHOICE, .doc = "a", .of = &first},
                                      {.name = "b", .type = MU_CHOICE, .doc = "b", .of = &second},
                                      {.name = "c", .type = MU_TAG, .doc = "c", .of = &first},
                                      {0}};
    const struct mu_group group = {.fields = fields, .size = 3 * sizeof(struct mu_choice)};
    struct mu_reach reach;
    assert_int_equal(mu_reach(&group, &reach, NULL), MU_OK);
    assert_int_equal(reach.n, 2);
    assert_string_equal(mu_reach_name(&reach, &first), "local_optimizer");
    assert_string_equal(mu_reach_name(&reach, &second), "local_optimizer_2");
    mu_reach_clear(&reach);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_registry_is_met_once_in_reading_order),
        cmocka_unit_test(registries_of_one_name_get_different_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
