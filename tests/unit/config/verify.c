/* mu_group_verify finds the mistakes a table's author can make. */
#include "harness.h"

struct pair {
    int64_t a, b;
    struct mu_choice choice;
};
#define A .name = "a", .type = MU_INT, .offset = offsetof(struct pair, a), .def = "1", .doc = "a"

static void assert_mistake(const struct mu_field *fields, const char *place, const char *message) {
    const struct mu_group group = {.fields = fields, .size = sizeof(struct pair)};
    struct mu_err err = {0};
    assert_int_equal(mu_group_verify(&group, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, place);
    if (strstr(err.text, message) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.text, message);
    }
}

static void good_tables_pass(void **state) {
    (void)state;
    struct mu_err err = {0};
    if (mu_group_verify(&sample_group, &err) != MU_OK) {
        fail_msg("%s: %s", err.place, err.text);
    }
    const struct mu_group empty = {0};
    assert_int_equal(mu_group_verify(&empty, &err), MU_OK);
}

static void a_refused_default_is_found(void **state) {
    (void)state;
    const struct mu_field range[] = {{A, .min = 2, .max = 3}, {0}};
    assert_mistake(range, "field tables: /a", "expected an integer in 2..3, got 1");
    const struct mu_field syntax[] = {
        {.name = "a", .type = MU_STRING, .offset = offsetof(struct pair, a), .def = "x", .doc = "a"}, {0}};
    assert_mistake(syntax, "field tables: /a", "not JSON");
    const struct mu_field kind[] = {{.name = "c",
                                     .type = MU_CHOICE,
                                     .offset = offsetof(struct pair, choice),
                                     .def = "{\"kind\": \"axe\"}",
                                     .doc = "c",
                                     .of = &sample_tools},
                                    {0}};
    assert_mistake(kind, "field tables: /c/kind", "unknown tool \"axe\"");
    const struct mu_field state_row[] = {{A, .role = MU_STATE, .min = 2, .max = 3}, {0}};
    assert_mistake(state_row, "field tables: /a", "expected an integer in 2..3, got 1");
}

static void state_that_cannot_be_saved_is_found(void **state) {
    (void)state;
    const struct mu_field word[] = {
        {.name = "a", .type = MU_STRING, .role = MU_STATE, .offset = 0, .def = "null", .doc = "a"}, {0}};
    assert_mistake(word, "field tables: /a", "cannot be saved");
    const struct mu_field list[] = {
        {.name = "a", .type = MU_INTS, .role = MU_STATE, .offset = 0, .def = "[1, 2]", .doc = "a"}, {0}};
    assert_mistake(list, "field tables: /a", "does not start empty");
    const struct mu_field good[] = {
        {A, .role = MU_STATE},
        {.name = "l", .type = MU_INTS, .role = MU_STATE, .offset = 8, .def = "[]", .doc = "l"},
        {0}};
    const struct mu_group group = {.fields = good, .size = sizeof(struct pair)};
    struct mu_err err = {0};
    assert_int_equal(mu_group_verify(&group, &err), MU_OK);
}

static void collisions_and_gaps_are_found(void **state) {
    (void)state;
    const struct mu_field same_name[] = {{A}, {.name = "a", .type = MU_INT, .offset = 8, .def = "1", .doc = "b"}, {0}};
    assert_mistake(same_name, "field tables: /a", "is that of row \"a\"");
    const struct mu_field same_offset[] = {{A}, {.name = "b", .type = MU_INT, .def = "1", .doc = "b"}, {0}};
    assert_mistake(same_offset, "field tables: /b", "is that of row \"a\"");
    const struct mu_field outside[] = {{.name = "a", .type = MU_INT, .offset = 4096, .def = "1", .doc = "a"}, {0}};
    assert_mistake(outside, "field tables: /a", "outside");
    const struct mu_field no_doc[] = {{.name = "a", .type = MU_INT, .def = "1"}, {0}};
    assert_mistake(no_doc, "field tables: /a", "lacks a name or a line");
    const struct mu_field odd_name[] = {{.name = "a-b", .type = MU_INT, .def = "1", .doc = "a"}, {0}};
    assert_mistake(odd_name, "field tables: /a-b", "letters, digits");
    const struct mu_field no_of[] = {{.name = "a", .type = MU_ENUM, .def = "\"x\"", .doc = "a"}, {0}};
    assert_mistake(no_of, "field tables: /a", "lacks its `of`");
    const struct mu_field beside[] = {
        {.name = "c", .type = MU_TAG, .offset = offsetof(struct pair, choice), .doc = "c", .of = &sample_sources},
        {.name = "path", .type = MU_INT, .def = "1", .doc = "a"},
        {0}};
    assert_mistake(beside, "field tables: /c", "source \"file\" has an option \"path\"");
}

static void registries_are_verified_too(void **state) {
    (void)state;
    const struct mu_field kind_field[] = {{.name = "kind", .type = MU_INT, .def = "1", .doc = "a"}, {0}};
    const struct mu_kind bad_option = {.name = "x", .summary = "x", .group = {.fields = kind_field, .size = 8}};
    const struct mu_kind plain = {.name = "x", .summary = "x"};
    const struct mu_kind silent = {.name = "x"};
    const struct mu_kind *const rows[][2] = {{&bad_option, NULL}, {&silent, NULL}, {&plain, &plain}, {&plain, NULL}};
    const struct mu_registry registries[] = {
        {.what = "r", .plural = "rs", .rows = rows[0], .n = 1},
        {.what = "r", .plural = "rs", .rows = rows[1], .n = 1},
        {.what = "r",
         .plural = "rs",
         .rows = (const struct mu_kind *const[]){&plain, &(struct mu_kind){.name = "x", .summary = "y"}},
         .n = 2},
        {.what = "r", .plural = "rs", .rows = rows[3], .n = 1, .number_kind = "x", .number_field = "value"},
    };
    static const char *const messages[] = {"cannot be called", "lacks its summary", "two kinds", "number_kind"};
    for (size_t i = 0; i < 4; i++) {
        const struct mu_field fields[] = {{.name = "c", .type = MU_CHOICE, .doc = "c", .of = &registries[i]}, {0}};
        assert_mistake(fields, i == 3 ? "field tables: rs" : "field tables: rs/x", messages[i]);
    }
}

static void a_place_for_what_is_given_that_is_taken_or_outside_is_found(void **state) {
    (void)state;
    const struct mu_field fields[] = {{.name = "b", .type = MU_INT, .offset = 8, .def = "1", .doc = "b"}, {0}};
    static const struct {
        size_t given;
        const char *message;
    } cases[] = {{16, NULL}, {8, "that of row \"b\""}, {sizeof(struct pair), "no room"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mu_group group = {.fields = fields, .size = sizeof(struct pair), .given = cases[i].given};
        struct mu_err err = {0};
        assert_int_equal(mu_group_verify(&group, &err), cases[i].message == NULL ? MU_OK : MU_BAD_CONFIG);
        assert_true(cases[i].message == NULL || strstr(err.text, cases[i].message) != NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_tables_pass),
        cmocka_unit_test(a_refused_default_is_found),
        cmocka_unit_test(state_that_cannot_be_saved_is_found),
        cmocka_unit_test(collisions_and_gaps_are_found),
        cmocka_unit_test(a_place_for_what_is_given_that_is_taken_or_outside_is_found),
        cmocka_unit_test(registries_are_verified_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
