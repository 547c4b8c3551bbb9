/* The parts of a sweep file in one shape, and what is wrong with them. */
#include "support.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "plan_impl.h"

struct found {
    cJSON *dimensions;
    char *mistakes; /* a line each; "" if there are none */
    bool lost;
};

static struct found read_sweep(const char *text) {
    struct found found = {.dimensions = cJSON_CreateArray()};
    struct mu_mistakes m;
    struct mu_err err = {0};
    cJSON *sweep = cJSON_Parse(text);
    assert_non_null(sweep);
    assert_int_equal(mu_mistakes_init(&m, "s", &err), MU_OK);
    mu_plan_dimensions(sweep, found.dimensions, &m);
    if (mu_mistakes_report(&m, &found.mistakes, &err) == MU_OK) {
        found.mistakes = mu_strdup("", &err);
    } else if (found.mistakes == NULL) { /* one alone */
        char line[1100];
        snprintf(line, sizeof line, "%s: %s\n", err.place, err.text);
        found.mistakes = mu_strdup(line, &(struct mu_err){0});
    }
    found.lost = m.lost;
    mu_mistakes_clear(&m);
    cJSON_Delete(sweep);
    return found;
}

static void clear(struct found *found) {
    cJSON_Delete(found->dimensions);
    mu_free(found->mistakes);
}

/* "label pointer=value ...": options separated by a bar, dimensions by a semicolon. */
static void print_dimensions(const cJSON *dimensions, char text[2000]) {
    const cJSON *dimension, *option, *value;
    text[0] = '\0';
    cJSON_ArrayForEach(dimension, dimensions) {
        strcat(text, dimension != dimensions->child ? "; " : "");
        const cJSON *when = cJSON_GetObjectItemCaseSensitive(dimension, "when");
        cJSON_ArrayForEach(option, cJSON_GetObjectItemCaseSensitive(dimension, "options")) {
            strcat(text, option->prev->next != NULL ? " | " : "");
            strcat(text, cJSON_GetObjectItemCaseSensitive(option, "label")->valuestring);
            cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(option, "set")) {
                char *json = cJSON_PrintUnformatted(value);
                sprintf(text + strlen(text), " %s=%s", value->string, json);
                cJSON_free(json);
            }
        }
        if (when != NULL) {
            char *json = cJSON_PrintUnformatted(when);
            sprintf(text + strlen(text), " when %s", json);
            cJSON_free(json);
        }
    }
}

static void expect_dimensions(const char *sweep, const char *expected) {
    char text[2000];
    struct found found = read_sweep(sweep);
    print_dimensions(found.dimensions, text);
    assert_string_equal(found.mistakes, "");
    assert_string_equal(text, expected);
    assert_false(found.lost);
    clear(&found);
}

static void expect_mistakes(const char *sweep, const char *expected) {
    struct found found = read_sweep(sweep);
    assert_string_equal(found.mistakes, expected);
    clear(&found);
}

static void dimensions_come_in_the_order_in_which_they_apply(void **state) {
    (void)state;
    expect_dimensions(
        "{\"seeds\":2,\"axes\":[{\"path\":\"/a\",\"values\":[1,2]}],\"zip\":[{\"path\":\"/b\",\"values\":[3,4]},"
        "{\"path\":\"/c\",\"values\":[5,6]}],\"patches\":[{\"name\":\"p\",\"set\":{\"/d\":7}}]}",
        "p /d=7; 3 /b=3 /c=5 | 4 /b=4 /c=6; 1 /a=1 | 2 /a=2; s1 /seed=1 | s2 /seed=2");
    expect_dimensions("{}", "");
}

static void labels_are_given_or_follow_from_the_value(void **state) {
    (void)state;
    expect_dimensions(
        "{\"axes\":[{\"path\":\"/a\",\"values\":[1,0.1,\"x\",{\"kind\":\"sgd\",\"lr\":1},true,null],\"when\":"
        "{\"/k\":1}},{\"path\":\"/b\",\"values\":[1,2],\"labels\":[\"one\",\"two\"]}]}",
        "1 /a=1 | 0.1 /a=0.1 | x /a=\"x\" | sgd /a={\"kind\":\"sgd\",\"lr\":1} | true /a=true |  /a=null "
        "when {\"/k\":1}; one /b=1 | two /b=2");
}

static void seeds_are_a_number_or_a_list(void **state) {
    (void)state;
    expect_dimensions("{\"seeds\":[3,4294967296]}", "s3 /seed=3 | s4294967296 /seed=4294967296");
    expect_mistakes("{\"seeds\":0}", "s: /seeds: expected a number of seeds or a list of seeds\n");
    expect_mistakes("{\"seeds\":1.5}", "s: /seeds: expected a number of seeds or a list of seeds\n");
    expect_mistakes("{\"seeds\":[]}", "s: /seeds: expected a number of seeds or a list of seeds\n");
    expect_mistakes("{\"seeds\":[1,-1,\"a\",0.5]}", "s: /seeds/1: a seed is an integer of 0 or more\n"
                                                    "s: /seeds/2: a seed is an integer of 0 or more\n"
                                                    "s: /seeds/3: a seed is an integer of 0 or more\n");
}

static void every_mistake_of_an_axis_is_noted(void **state) {
    (void)state;
    expect_mistakes(
        "{\"axes\":[{\"path\":\"a\",\"values\":[]},3,{\"path\":\"/a\",\"values\":[1],\"labels\":[1,2],\"wen\":1,"
        "\"when\":2}]}",
        "s: /axes/0: expected a path that is a JSON pointer, such as \"/server/strategy\"\n"
        "s: /axes/0: expected values, an array that is not empty\n"
        "s: /axes/1: expected an object\n"
        "s: /axes/2/wen: unknown key\n"
        "s: /axes/2: there are not as many labels as values: 2 and 1\n"
        "s: /axes/2: expected when to be an object of pointers and values\n");
    expect_mistakes("{\"axes\":1,\"zip\":2,\"patches\":[]}", "s: /patches: expected an array that is not empty\n"
                                                             "s: /zip: expected an array\n"
                                                             "s: /axes: expected an array\n");
}

static void axes_of_a_zip_are_equally_long_and_the_first_has_the_condition(void **state) {
    (void)state;
    expect_mistakes(
        "{\"zip\":[{\"path\":\"/a\",\"values\":[1,2]},{\"path\":\"/b\",\"values\":[1,2,3],\"when\":{}},{\"path\":"
        "\"/c\",\"values\":[1]}]}",
        "s: /zip/1: when belongs to the first axis of a zip, which all move together\n"
        "s: /zip/1: the axes of a zip must be equally long: 3 values here, 2 in the first\n"
        "s: /zip/2: the axes of a zip must be equally long: 1 values here, 2 in the first\n");
}

static void what_could_not_be_used_is_known_to_be_lost(void **state) {
    (void)state;
    static const struct {
        const char *sweep;
        bool lost;
    } cases[] = {
        {"{\"axes\":[{\"path\":\"/a\",\"values\":[1],\"x\":1}]}", false},
        {"{\"axes\":[{\"path\":\"/a\"}]}", true},
        {"{\"axes\":{}}", true},
        {"{\"zip\":[{\"path\":\"/a\",\"values\":[1]},{\"path\":\"/b\",\"values\":[1,2]}]}", true},
        {"{\"patches\":[{\"name\":\"a\",\"set\":{\"b\":1}}]}", true},
        {"{\"random\":{\"count\":0,\"axes\":[{\"path\":\"/a\",\"choice\":[1]}]}}", false},
        {"{\"random\":{\"count\":1,\"axes\":[{\"path\":\"/a\",\"choice\":[]}]}}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct found found = read_sweep(cases[i].sweep);
        assert_string_not_equal(found.mistakes, "");
        assert_int_equal(found.lost, cases[i].lost);
        clear(&found);
    }
}

static void laws_of_random_axes_are_checked_once(void **state) {
    (void)state;
#define LAW "expected one law: uniform [low, high], log_uniform [low, high] with low > 0, or choice [...]\n"
    expect_mistakes(
        "{\"random\":{\"count\":50,\"axes\":[{\"path\":\"/a\",\"uniform\":[2,1]},{\"path\":\"/a\",\"log_uniform\":"
        "[0,1]},{\"path\":\"/a\",\"choice\":[]},{\"path\":\"/a\"},{\"path\":\"/a\",\"uniform\":[0,1],\"choice\":[1]},"
        "{\"path\":\"/a\",\"uniform\":[1]},{\"uniform\":[0,1]},{\"path\":\"/a\",\"uniform\":[-1,1]}]}}",
        "s: /random/axes/0: " LAW "s: /random/axes/1: " LAW "s: /random/axes/2: " LAW "s: /random/axes/3: " LAW
        "s: /random/axes/4: " LAW "s: /random/axes/5: " LAW
        "s: /random/axes/6: expected a path that is a JSON pointer, such as \"/server/strategy\"\n");
    expect_mistakes("{\"random\":{\"count\":1.5,\"axes\":[]},\"seed\":-1}",
                    "s: /seed: expected an integer of 0 or more\n"
                    "s: /random: expected a count, an integer in 1..100000\n"
                    "s: /random: expected axes, an array that is not empty\n");
}

/* The values of the first axis's draws. */
static size_t draw(const char *sweep, double value[200]) {
    struct found found = read_sweep(sweep);
    const cJSON *option;
    size_t n = 0;
    assert_string_equal(found.mistakes, "");
    cJSON_ArrayForEach(option, cJSON_GetObjectItemCaseSensitive(found.dimensions->child, "options")) {
        value[n++] = cJSON_GetObjectItemCaseSensitive(option, "set")->child->valuedouble;
    }
    clear(&found);
    return n;
}

static void draws_follow_their_law_and_depend_on_their_number_alone(void **state) {
    (void)state;
    double few[200], many[200], other[200];
    assert_int_equal(draw("{\"random\":{\"count\":5,\"axes\":[{\"path\":\"/a\",\"uniform\":[-1,3]}]}}", few), 5);
    assert_int_equal(
        draw("{\"random\":{\"count\":200,\"axes\":[{\"path\":\"/a\",\"uniform\":[-1,3]},{\"path\":\"/b\",\"choice\":"
             "[1,2]}]}}",
             many),
        200);
    draw("{\"seed\":2,\"random\":{\"count\":200,\"axes\":[{\"path\":\"/a\",\"uniform\":[-1,3]}]}}", other);
    double sum = 0;
    for (size_t i = 0; i < 200; i++) {
        assert_true(i >= 5 || few[i] == many[i]);
        assert_true(many[i] >= -1 && many[i] <= 3);
        assert_true(many[i] != other[i]);
        sum += many[i];
    }
    /* Mean 1, standard error 4 / sqrt(12 * 200) = 0.08. */
    assert_true(fabs(sum / 200 - 1) < 5 * 0.0816);
    assert_false(fabs(sum / 200 - 1.5) < 5 * 0.0816);
    draw("{\"random\":{\"count\":200,\"axes\":[{\"path\":\"/a\",\"log_uniform\":[0.001,1]}]}}", many);
    size_t low = 0;
    for (size_t i = 0; i < 200; i++) {
        assert_true(many[i] >= 0.001 && many[i] <= 1);
        low += many[i] < 0.0316; /* half of them, in logarithms; one in thirty otherwise */
    }
    assert_in_range(low, 65, 135); /* five standard deviations */
    size_t seen[4] = {0};
    draw("{\"random\":{\"count\":200,\"axes\":[{\"path\":\"/a\",\"choice\":[1,2,3]}]}}", many);
    for (size_t i = 0; i < 200; i++) {
        seen[(int)many[i]]++;
    }
    assert_true(seen[1] > 30 && seen[2] > 30 && seen[3] > 30);
}

static void unknown_keys_are_named(void **state) {
    (void)state;
    expect_mistakes("{\"sede\":1,\"axis\":2}", "s: /sede: unknown key\ns: /axis: unknown key\n");
    expect_mistakes("[1]", "s: expected an object\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dimensions_come_in_the_order_in_which_they_apply),
        cmocka_unit_test(labels_are_given_or_follow_from_the_value),
        cmocka_unit_test(seeds_are_a_number_or_a_list),
        cmocka_unit_test(every_mistake_of_an_axis_is_noted),
        cmocka_unit_test(axes_of_a_zip_are_equally_long_and_the_first_has_the_condition),
        cmocka_unit_test(what_could_not_be_used_is_known_to_be_lost),
        cmocka_unit_test(laws_of_random_axes_are_checked_once),
        cmocka_unit_test(draws_follow_their_law_and_depend_on_their_number_alone),
        cmocka_unit_test(unknown_keys_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
