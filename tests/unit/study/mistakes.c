#include "support.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "plan_impl.h"

static struct mu_mistakes open_list(void) {
    struct mu_mistakes m;
    struct mu_err err = {0};
    assert_int_equal(mu_mistakes_init(&m, "s.json", &err), MU_OK);
    return m;
}

static void note_point(struct mu_mistakes *m, const char *point, const char *text) {
    struct mu_err mistake = {0};
    mu_fail(&mistake, MU_BAD_CONFIG, "base.json: /a", "%s", text);
    mu_fail_help(&mistake, "try another");
    mu_mistake_of_point(m, point, &mistake);
}

static void no_mistake_is_no_error(void **state) {
    (void)state;
    struct mu_mistakes m = open_list();
    struct mu_err err = {0};
    char *lines = NULL;
    assert_int_equal(mu_mistakes_report(&m, &lines, &err), MU_OK);
    assert_null(lines);
    assert_int_equal(err.code, MU_OK);
    mu_mistakes_clear(&m);
}

static void one_mistake_is_the_error(void **state) {
    (void)state;
    struct mu_mistakes m = open_list();
    struct mu_err err = {0};
    char *lines = NULL;
    mu_mistake(&m, "/axes/0", "%d values", 3);
    assert_int_equal(mu_mistakes_count(&m), 1);
    assert_int_equal(mu_mistakes_report(&m, &lines, &err), MU_BAD_CONFIG);
    assert_null(lines);
    assert_string_equal(err.place, "s.json: /axes/0");
    assert_string_equal(err.text, "3 values");
    mu_mistakes_clear(&m);
}

static void several_are_listed_in_their_order_and_the_first_is_the_error(void **state) {
    (void)state;
    struct mu_mistakes m = open_list();
    struct mu_err err = {0};
    char *lines = NULL;
    note_point(&m, "p1", "too small");
    mu_mistake(&m, "", "too large");
    mu_mistake(&m, "/x", "unknown key");
    note_point(&m, "p2", "too small");
    mu_mistake(&m, "/x", "unknown key"); /* once is enough */
    note_point(&m, NULL, "not there");
    assert_int_equal(mu_mistakes_count(&m), 4);
    assert_int_equal(mu_mistakes_report(&m, &lines, &err), MU_BAD_CONFIG);
    assert_string_equal(lines, "base.json: /a: too small (2 points: p1, p2)\n"
                               "s.json: too large\n"
                               "s.json: /x: unknown key\n"
                               "base.json: /a: not there\n");
    assert_string_equal(err.place, "base.json: /a");
    assert_string_equal(err.text, "too small (2 points: p1, p2)");
    assert_string_equal(err.help, "try another");
    mu_free(lines);
    mu_mistakes_clear(&m);
}

static void eight_points_are_named_and_all_are_counted(void **state) {
    (void)state;
    struct mu_mistakes m = open_list();
    struct mu_err err = {0};
    char *lines = NULL, name[8];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "p%d", i);
        note_point(&m, name, "bad");
    }
    mu_mistakes_report(&m, &lines, &err);
    assert_string_equal(err.text, "bad (100 points: p0, p1, p2, p3, p4, p5, p6, p7 and 92 more)");
    mu_mistakes_clear(&m);
}

static void a_message_is_one_line(void **state) {
    (void)state;
    struct mu_mistakes m = open_list();
    struct mu_err err = {0};
    char *lines = NULL;
    mu_mistake(&m, "/a\nb", "c\nd");
    mu_mistake(&m, "/e", "f");
    mu_mistakes_report(&m, &lines, &err);
    assert_string_equal(lines, "s.json: /a?b: c?d\ns.json: /e: f\n");
    mu_free(lines);
    mu_mistakes_clear(&m);
}

static void a_thousand_are_kept(void **state) {
    (void)state;
    struct mu_mistakes m = open_list();
    struct mu_err err = {0};
    char *lines = NULL;
    for (int i = 0; i < 1000; i++) {
        mu_mistake(&m, "/x", "%d", i);
    }
    assert_false(m.overflow);
    mu_mistake(&m, "/x", "999"); /* known */
    assert_false(m.overflow);
    mu_mistake(&m, "/x", "1000");
    assert_true(m.overflow);
    assert_int_equal(mu_mistakes_count(&m), 1000);
    mu_mistakes_report(&m, &lines, &err);
    assert_non_null(strstr(lines, "s.json: /x: 999\ns.json: and more than these 1000\n"));
    mu_free(lines);
    mu_mistakes_clear(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_mistake_is_no_error),
        cmocka_unit_test(one_mistake_is_the_error),
        cmocka_unit_test(several_are_listed_in_their_order_and_the_first_is_the_error),
        cmocka_unit_test(eight_points_are_named_and_all_are_counted),
        cmocka_unit_test(a_message_is_one_line),
        cmocka_unit_test(a_thousand_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
