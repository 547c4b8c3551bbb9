#include "support.h"

#include <cjson/cJSON.h>

#include "muster/config/build.h"

static void pieces_come_to_their_places(void **state) {
    (void)state;
    struct mu_build build = {0};
    cJSON *root = cJSON_CreateObject();
    cJSON *inner = mu_build_object(&build, root, "inner"), *list = mu_build_array(&build, root, "list");
    mu_build_text(&build, inner, "text", "a");
    mu_build_text(&build, list, NULL, "b");
    mu_build_add(&build, mu_build_object(&build, list, NULL), "number", cJSON_CreateNumber(3));
    assert_false(build.failed);
    char *text = cJSON_PrintUnformatted(root);
    assert_string_equal(text, "{\"inner\":{\"text\":\"a\"},\"list\":[\"b\",{\"number\":3}]}");
    cJSON_free(text);
    cJSON_Delete(root);
}

/* As if memory had run out: of a parent that could not be made, or of an item. Nothing leaks (ASan). */
static void what_cannot_be_added_is_noticed(void **state) {
    (void)state;
    struct mu_build build = {0};
    cJSON *root = cJSON_CreateObject();
    assert_null(mu_build_add(&build, root, "none", NULL));
    assert_true(build.failed);
    build.failed = false;
    assert_null(mu_build_object(&build, NULL, "lost"));
    assert_true(build.failed);
    build.failed = false;
    mu_build_text(&build, mu_build_array(&build, NULL, "lost"), NULL, "in it");
    assert_true(build.failed);
    mu_build_text(&build, root, "there", "all the same");
    assert_true(build.failed); /* it stays */
    assert_int_equal(cJSON_GetArraySize(root), 1);
    cJSON_Delete(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_to_their_places),
        cmocka_unit_test(what_cannot_be_added_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
