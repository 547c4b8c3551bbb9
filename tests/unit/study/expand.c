/* Dimensions applied to a base. Which points there are, and whose fault it is if they cannot run. */
#include "support_study.h"

#include "plan_impl.h"

#define BASE                                                                                               \
    "{\"data\":{\"source\":\"quadratic\",\"targets\":[1,2,6]},\"model\":{\"kind\":\"vector\"},\"client\":" \
    "{\"optimizer\":{\"kind\":\"sgd\",\"lr\":0.5}},\"stop\":{\"steps\":3}}"

struct expanded {
    cJSON *points, *dimensions, *base;
    struct mu_mistakes mistakes;
    char *lines; /* of all mistakes; "" if there are none */
};

/* Expands a sweep over a base in base.json. */
static struct expanded expand_sweep(const char *base, const char *sweep_text) {
    struct mu_err err = {0};
    struct expanded e = {.dimensions = cJSON_CreateArray(), .base = study_json(base)};
    cJSON *sweep = study_json(sweep_text);
    assert_int_equal(mu_mistakes_init(&e.mistakes, "sweep.json", &err), MU_OK);
    mu_plan_dimensions(sweep, e.dimensions, &e.mistakes);
    const struct mu_plan_base plan = {.config = e.base, .file = "base.json", .pointer = ""};
    e.points = mu_plan_expand(&plan, e.dimensions, &e.mistakes);
    if (mu_mistakes_report(&e.mistakes, &e.lines, &err) == MU_OK || e.lines == NULL) {
        char line[1100];
        snprintf(line, sizeof line, "%s: %s\n", err.place, err.text);
        e.lines = mu_strdup(err.code == MU_OK ? "" : line, &(struct mu_err){0});
    }
    cJSON_Delete(sweep);
    return e;
}

static void clear(struct expanded *e) {
    cJSON_Delete(e->points);
    cJSON_Delete(e->dimensions);
    cJSON_Delete(e->base);
    mu_mistakes_clear(&e->mistakes);
    mu_free(e->lines);
}

/* "name/group/seed" of all points, separated by blanks. */
static void print_points(const cJSON *points, char text[2000]) {
    const cJSON *point;
    text[0] = '\0';
    cJSON_ArrayForEach(point, points) {
        snprintf(text + strlen(text), 2000 - strlen(text), "%s%s/%s/%g", point != points->child ? " " : "",
                 cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring,
                 cJSON_GetObjectItemCaseSensitive(point, "group")->valuestring,
                 cJSON_GetObjectItemCaseSensitive(point, "seed")->valuedouble);
    }
}

static void expect_points(const char *sweep, const char *expected) {
    char text[2000];
    struct expanded e = expand_sweep(BASE, sweep);
    print_points(e.points, text);
    assert_string_equal(e.lines, "");
    assert_string_equal(text, expected);
    clear(&e);
}

static void expect_mistakes(const char *base, const char *sweep, const char *expected) {
    struct expanded e = expand_sweep(base, sweep);
    assert_string_equal(e.lines, expected);
    clear(&e);
}

static void seeds_make_the_points_of_a_group(void **state) {
    (void)state;
    expect_points("{\"seeds\":[1,7],\"axes\":[{\"path\":\"/stop/steps\",\"values\":[3,4]}]}",
                  "3-s1/3/1 3-s7/3/7 4-s1/4/1 4-s7/4/7");
    expect_points("{}", "point//1");
    /* A seed that moves together with something else does not: */
    expect_points("{\"zip\":[{\"path\":\"/seed\",\"values\":[1,2]},{\"path\":\"/stop/steps\",\"values\":[3,4]}]}",
                  "1/1/1 2/2/2");
}

static void a_condition_keeps_an_axis_to_the_points_that_meet_it(void **state) {
    (void)state;
    expect_points(
        "{\"axes\":[{\"path\":\"/stop/steps\",\"values\":[3,4]},{\"path\":\"/client/optimizer/lr\",\"values\":"
        "[0.1,0.2],\"when\":{\"/stop/steps\":4}}]}",
        "3/3/1 4-0.1/4-0.1/1 4-0.2/4-0.2/1");
    /* It looks at what was applied before it, and not at what comes later. */
    expect_points("{\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[0.1,0.2],\"when\":{\"/stop/steps\":4}},"
                  "{\"path\":\"/stop/steps\",\"values\":[3,4]}]}",
                  "3/3/1 4/4/1");
}

static void points_that_would_have_the_same_name_are_told_apart(void **state) {
    (void)state;
    expect_points("{\"axes\":[{\"path\":\"/stop/steps\",\"values\":[3,4,5],\"labels\":[\"a/b\",\"a b\",\".x\"]}]}",
                  "a_b/a/b/1 a_b~2/a b/1 _x/.x/1");
}

static void a_point_has_the_config_that_muster_run_would_take(void **state) {
    (void)state;
    struct expanded e =
        expand_sweep(BASE, "{\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[0.25]}],\"seeds\":[9]}");
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(e.points->child, "config");
    assert_true(mu_plan_look_up(config, "/client/optimizer/lr")->valuedouble == 0.25);
    assert_true(mu_plan_look_up(config, "/data/targets/2")->valuedouble == 6);
    assert_int_equal(mu_plan_look_up(config, "/seed")->valueint, 9);
    assert_string_equal(mu_plan_look_up(config, "/name")->valuestring, "0.25-s9");
    assert_null(mu_plan_look_up(config, "/stop/nothing"));
    assert_null(mu_plan_look_up(config, "/stop/steps/deeper"));
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(e.points->child, "values");
    assert_int_equal(cJSON_GetArraySize(values), 1); /* the seed is apart */
    assert_true(cJSON_GetObjectItemCaseSensitive(values, "/client/optimizer/lr")->valuedouble == 0.25);
    assert_true(mu_plan_look_up(e.base, "/client/optimizer/lr")->valuedouble == 0.5); /* the base is as it was */
    clear(&e);
}

static void the_estimate_counts_jobs(void **state) {
    (void)state;
    struct expanded e = expand_sweep(BASE, "{\"patches\":[{\"name\":\"few\",\"set\":{\"/stop/steps\":5,\"/server/"
                                           "strategy\":{\"kind\":\"fedavg\",\"cohort\":2}}},"
                                           "{\"name\":\"many\",\"set\":{\"/stop/updates\":4,\"/stop/steps\":500}}]}");
    assert_string_equal(e.lines, "");
    assert_true(cJSON_GetObjectItemCaseSensitive(e.points->child, "estimate")->valuedouble == 10);
    assert_true(cJSON_GetObjectItemCaseSensitive(e.points->child->next, "estimate")->valuedouble == 4);
    clear(&e);
}

static void a_mistake_is_placed_where_its_value_comes_from(void **state) {
    (void)state;
    expect_mistakes(BASE, "{\"axes\":[{\"path\":\"/stop/stepz\",\"values\":[1,2]}]}",
                    "sweep.json: /axes/0: /stop/stepz: unknown key; did you mean \"steps\"? (2 points: 1, 2)\n");
    expect_mistakes(BASE, "{\"axes\":[{\"path\":\"/sotp/steps\",\"values\":[1]}]}",
                    "sweep.json: /axes/0: /sotp: unknown key; did you mean \"stop\"? (point 1)\n");
    expect_mistakes(BASE, "{\"patches\":[{\"name\":\"a\",\"set\":{}},{\"name\":\"b\",\"set\":{\"/seed\":-1}}]}",
                    "sweep.json: /patches/1: /seed: expected an integer of at least 0, got -1 (point b)\n");
    expect_mistakes(BASE, "{\"axes\":[{\"path\":\"/stop/steps/x\",\"values\":[1]}]}",
                    "sweep.json: /axes/0: /stop/steps/x: \"x\" would be inside 3, which is no object\n");
    expect_mistakes("{\"stop\":{\"steps\":3},\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":"
                    "\"vector\"},\"sede\":1}",
                    "{\"seeds\":2}", "base.json: /sede: unknown key; did you mean \"seed\"? (2 points: s1, s2)\n");
}

static void all_mistakes_of_a_point_are_found_though_a_parser_stops_at_the_first(void **state) {
    (void)state;
    struct expanded e = expand_sweep(
        "{\"stop\":{\"steps\":3,\"time_s\":-1},\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":"
        "\"vector\"},\"client\":{\"optimizer\":{\"kind\":\"sgd\",\"lr\":1}},\"sede\":1}",
        "{\"axes\":[{\"path\":\"/stop/stepz\",\"values\":[1]},{\"path\":\"/client/optimizer/lr\",\"values\":[-1]}]}");
    static const char *const mistakes[] = {
        "base.json: /sede: unknown key; did you mean \"seed\"? (point 1--1)\n",
        "base.json: /stop/time_s: expected a number greater than 0",
        "sweep.json: /axes/0: /stop/stepz: unknown key; did you mean \"steps\"? (point 1--1)\n",
        "sweep.json: /axes/1: /client/optimizer/lr: expected a number greater than 0",
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        assert_non_null(strstr(e.lines, mistakes[i]));
    }
    assert_int_equal(mu_mistakes_count(&e.mistakes), sizeof mistakes / sizeof *mistakes);
    clear(&e);
}

static void what_an_option_makes_on_its_way_is_its_own(void **state) {
    (void)state;
    static const char *const no_client =
        "{\"stop\":{\"steps\":3},\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":\"vector\"}}";
    /* That there is no kind of the optimizer is the axis's fault: the base does not say that there is one. */
    struct expanded e = expand_sweep(no_client, "{\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[1]}]}");
    assert_int_equal(mu_mistakes_count(&e.mistakes), 1);
    assert_ptr_equal(strstr(e.lines, "sweep.json: /axes/0: /client/optimizer/kind: missing:"), e.lines);
    clear(&e);
    /* But a wrong value is the fault of whoever sets it. */
    e = expand_sweep(no_client, "{\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[-1]},{\"path\":"
                                "\"/client/optimizer/kind\",\"values\":[\"sgd\"]}]}");
    assert_int_equal(mu_mistakes_count(&e.mistakes), 1);
    assert_ptr_equal(strstr(e.lines, "sweep.json: /axes/0: /client/optimizer/lr: expected"), e.lines);
    clear(&e);
}

static void what_a_broken_axis_would_have_set_is_not_missed(void **state) {
    (void)state;
    static const char *const no_stop =
        "{\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":\"vector\"}}";
    expect_mistakes(no_stop, "{\"axes\":[{\"path\":\"/stop/steps\"}]}",
                    "sweep.json: /axes/0: expected values, an array that is not empty\n");
    struct expanded e = expand_sweep(no_stop, "{}"); /* the control */
    assert_non_null(strstr(e.lines, "base.json: /stop"));
    clear(&e);
}

static void a_condition_that_cannot_hold_is_a_mistake(void **state) {
    (void)state;
    expect_mistakes(
        BASE, "{\"axes\":[{\"path\":\"/stop/steps\",\"values\":[1],\"when\":{\"/world/clock\":\"virtual\"}}]}",
        "sweep.json: /axes/0/when: /world/clock: no point has this key here; the base must have it, even if it "
        "is the default\n");
    expect_points("{\"axes\":[{\"path\":\"/stop/steps\",\"values\":[1],\"when\":{\"/model/kind\":\"mlp\"}}]}",
                  "point//1");
}

static void a_sweep_that_is_too_large_is_refused(void **state) {
    (void)state;
    struct expanded e = expand_sweep(BASE, "{\"seeds\":2}"); /* the control */
    assert_int_equal(cJSON_GetArraySize(e.points), 2);
    assert_string_equal(e.lines, "");
    clear(&e);
    char sweep[400];
    snprintf(sweep, sizeof sweep,
             "{\"random\":{\"count\":%d,\"axes\":[{\"path\":\"/stop/steps\",\"choice\":[1]}]},\"seeds\":2}",
             MU_MAX_POINTS / 2 + 1);
    e = expand_sweep("{}", sweep); /* a base that is refused at once */
    assert_true(e.mistakes.list != NULL);
    assert_non_null(strstr(e.lines, "sweep.json: a sweep of more than 100000 points\n"));
    clear(&e);
}

/* A base for several strategies: what one of them does not look at is a mistake of its point alone, and an empty
 * section takes it out. */
static void what_a_strategy_does_not_look_at_is_taken_out_by_its_patch(void **state) {
    (void)state;
    expect_mistakes(BASE,
                    "{\"axes\":[{\"path\":\"/server/strategy\",\"values\":[{\"kind\":\"fedavg\"},{\"kind\":"
                    "\"uncoded\"}]}]}",
                    "base.json: /client/optimizer: clients of \"uncoded\" do not train, they sum gradients: this would "
                    "have no effect (point uncoded)\n");
    expect_points("{\"patches\":[{\"name\":\"a\",\"set\":{\"/server/strategy\":{\"kind\":\"fedavg\"}}},{\"name\":"
                  "\"u\",\"set\":{\"/server/strategy\":{\"kind\":\"uncoded\"},\"/client\":{}}}]}",
                  "a/a/1 u/u/1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_make_the_points_of_a_group),
        cmocka_unit_test(what_a_strategy_does_not_look_at_is_taken_out_by_its_patch),
        cmocka_unit_test(a_condition_keeps_an_axis_to_the_points_that_meet_it),
        cmocka_unit_test(points_that_would_have_the_same_name_are_told_apart),
        cmocka_unit_test(a_point_has_the_config_that_muster_run_would_take),
        cmocka_unit_test(the_estimate_counts_jobs),
        cmocka_unit_test(a_mistake_is_placed_where_its_value_comes_from),
        cmocka_unit_test(all_mistakes_of_a_point_are_found_though_a_parser_stops_at_the_first),
        cmocka_unit_test(what_an_option_makes_on_its_way_is_its_own),
        cmocka_unit_test(what_a_broken_axis_would_have_set_is_not_missed),
        cmocka_unit_test(a_condition_that_cannot_hold_is_a_mistake),
        cmocka_unit_test(a_sweep_that_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
