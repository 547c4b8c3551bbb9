#include "support.h"

#include <cJSON.h>

#include "axes.h"

enum { MOST = 8 };

struct parsed {
    cJSON *config[MOST];
    size_t n;
    struct mu_axes axes;
};

static void find(struct parsed *p, size_t n, const char *const *text) {
    struct mu_err err = {0};
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        p->config[i] = cJSON_Parse(text[i]);
        assert_non_null(p->config[i]);
    }
    assert_int_equal(mu_axes_find(&p->axes, n, p->config, &err), MU_OK);
}

static void clear(struct parsed *p) {
    for (size_t i = 0; i < p->n; i++) {
        cJSON_Delete(p->config[i]);
    }
    mu_axes_clear(&p->axes);
}

static void expect_groups(const struct parsed *p, const size_t *group) {
    for (size_t i = 0; i < p->n; i++) {
        assert_int_equal(p->axes.group[i], group[i]);
    }
}

static void seeds_names_and_outputs_are_no_axes(void **state) {
    (void)state;
    struct parsed p;
    const char *const text[] = {
        "{\"seed\":1,\"name\":\"a\",\"output\":{\"trace\":true},\"model\":{\"kind\":\"mlp\"}}",
        "{\"seed\":2,\"name\":\"b\",\"output\":{\"trace\":false},\"model\":{\"kind\":\"mlp\"}}"};
    find(&p, 2, text);
    assert_int_equal(p.axes.n, 0);
    assert_int_equal(p.axes.groups, 1);
    expect_groups(&p, (size_t[]){0, 0});
    clear(&p);
}

/* The kind tells the two strategies apart; that one has a cohort and the other a buffer adds nothing. */
static void options_that_come_with_a_kind_are_not_listed(void **state) {
    (void)state;
    struct parsed p;
    const char *const text[] = {"{\"server\":{\"strategy\":{\"cohort\":10,\"kind\":\"fedavg\"}},\"seed\":1}",
                                "{\"server\":{\"strategy\":{\"buffer\":5,\"kind\":\"fedbuff\"}},\"seed\":1}",
                                "{\"server\":{\"strategy\":{\"cohort\":10,\"kind\":\"fedavg\"}},\"seed\":2}"};
    find(&p, 3, text);
    assert_int_equal(p.axes.n, 1);
    assert_string_equal(p.axes.path[0], "/server/strategy/kind");
    expect_groups(&p, (size_t[]){0, 1, 0});
    clear(&p);
}

static void an_option_of_one_kind_alone_is_an_axis_if_it_varies(void **state) {
    (void)state;
    struct parsed p;
    const char *const text[] = {"{\"s\":{\"kind\":\"fedavg\",\"cohort\":10},\"lr\":[1,2]}",
                                "{\"s\":{\"kind\":\"fedbuff\",\"buffer\":5},\"lr\":[1,2]}",
                                "{\"s\":{\"kind\":\"fedbuff\",\"buffer\":9},\"lr\":[1,2]}",
                                "{\"s\":{\"kind\":\"fedbuff\",\"buffer\":9},\"lr\":[1,3]}"};
    find(&p, 4, text);
    assert_int_equal(p.axes.n, 3);
    assert_string_equal(p.axes.path[0], "/s/kind");
    assert_true(strcmp(p.axes.path[1], "/s/buffer") == 0 || strcmp(p.axes.path[2], "/s/buffer") == 0);
    assert_int_equal(p.axes.groups, 4);
    assert_int_equal(p.axes.families, 2); /* numbers make no family */
    assert_true(p.axes.family[0] == 0 && p.axes.family[1] == 1 && p.axes.family[2] == 1 && p.axes.family[3] == 1);
    clear(&p);
}

static void a_pointer_leads_to_its_value(void **state) {
    (void)state;
    cJSON *config = cJSON_Parse("{\"a\":{\"b\":{\"c\":7}}}");
    assert_true(mu_axes_value(config, "/a/b/c")->valuedouble == 7);
    assert_null(mu_axes_value(config, "/a/x/c"));
    assert_null(mu_axes_value(config, "/a/b/c/d"));
    cJSON_Delete(config);
}

static void one_run_has_no_axes(void **state) {
    (void)state;
    struct parsed p;
    find(&p, 1, (const char *const[]){"{\"a\":1}"});
    assert_int_equal(p.axes.n, 0);
    assert_int_equal(p.axes.groups, 1);
    clear(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_names_and_outputs_are_no_axes),
        cmocka_unit_test(options_that_come_with_a_kind_are_not_listed),
        cmocka_unit_test(an_option_of_one_kind_alone_is_an_axis_if_it_varies),
        cmocka_unit_test(a_pointer_leads_to_its_value),
        cmocka_unit_test(one_run_has_no_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
