/* Sweep files expanded to points; the expected names follow from docs/studies.md. */
#include "muster/study/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>
#include <cmocka.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"

static int read_text(const char *text, cJSON **plan, char **problems, struct mu_err *err) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/plan-%ld.json", (long)getpid());
    assert_int_equal(mu_file_publish(path, text, strlen(text), err), MU_OK);
    const int code = mu_plan_read(path, plan, problems, err);
    unlink(path);
    return code;
}

static void a_grid_has_every_combination_and_when_holds_an_axis_back(void **state) {
    (void)state;
    cJSON *plan = NULL;
    char *problems = NULL;
    struct mu_err err = {0};
    assert_int_equal(
        read_text("{\"base\": {}, \"seeds\": [1, 7], \"axes\": [{\"path\": \"/server/strategy\", \"values\": "
                  "[{\"kind\": \"fedavg\"}, {\"kind\": \"fedbuff\"}]}, {\"path\": "
                  "\"/server/strategy/buffer_size\", \"values\": [2], \"when\": {\"/server/strategy/kind\": "
                  "\"fedbuff\"}}]}",
                  &plan, &problems, &err),
        MU_BAD_CONFIG); /* data and model are missing: one mistake, which all four points have */
    assert_null(problems);
    assert_non_null(strstr(err.text, "(4 points: fedavg-s1, fedavg-s7, fedbuff-2-s1, fedbuff-2-s7)"));
    assert_null(plan);
}

static void all_mistakes_are_listed_and_the_first_is_the_error(void **state) {
    (void)state;
    cJSON *plan = NULL;
    char *problems = NULL;
    struct mu_err err = {0};
    assert_int_equal(read_text("{\"base\": {}, \"zip\": [{\"path\": \"/a\", \"values\": [1, 2]}, {\"path\": \"/b\", "
                               "\"values\": [1]}], \"seed\": \"x\"}",
                               &plan, &problems, &err),
                     MU_BAD_CONFIG);
    assert_non_null(strstr(err.place, ".json: /seed"));
    assert_non_null(problems);
    assert_non_null(strstr(problems, ".json: /seed: expected an integer"));
    assert_non_null(strstr(problems, ".json: /zip/1: the axes of a zip must be equally long: 1 values here, 2"));
    assert_non_null(strstr(problems, ".json: /zip/0: /a: unknown key (2 points: 1, 2)"));
    assert_non_null(strstr(problems, ".json: /zip/1: /b: unknown key (point 1)"));
    assert_null(strstr(problems, "/data")); /* that it is missing may be the zip's fault */
    assert_null(plan);
    mu_free(problems);
}

static void points_that_can_run_make_a_plan(void **state) {
    (void)state;
    cJSON *plan = NULL;
    char *problems = NULL;
    struct mu_err err = {0};
    assert_int_equal(
        read_text("{\"base\": {\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6]}, \"model\": {\"kind\": "
                  "\"vector\"}, \"stop\": {\"steps\": 3}}, \"seeds\": 2}",
                  &plan, &problems, &err),
        MU_OK);
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(plan, "points");
    assert_int_equal(cJSON_GetArraySize(points), 2);
    const cJSON *second = cJSON_GetArrayItem(points, 1);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(second, "name")->valuestring, "s2");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(second, "seed")->valueint, 2);
    cJSON_Delete(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_has_every_combination_and_when_holds_an_axis_back),
        cmocka_unit_test(all_mistakes_are_listed_and_the_first_is_the_error),
        cmocka_unit_test(points_that_can_run_make_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
