/* The pointers of a small schema, made by hand: names that several kinds share, a law of laws, a number in a list. */
#include "support.h"

#include <cJSON.h>

#include "sweep_keys.h"

static const char defs[] =
    "{\"config\":{\"properties\":{\"seed\":{\"type\":\"integer\"},\"stop\":{\"properties\":{\"steps\":{}}},"
    "\"data\":{\"properties\":{\"source\":{}},\"allOf\":[{\"anyOf\":[{\"properties\":{\"path\":{}}},"
    "{\"properties\":{\"path\":{}}}]}]},"
    "\"law\":{\"$ref\":\"#/$defs/law\"},\"limit\":{\"anyOf\":[{\"$ref\":\"#/$defs/law\"},{\"type\":\"null\"}]}}},"
    "\"law\":{\"oneOf\":[{\"type\":\"number\"},{\"$ref\":\"#/$defs/law.mean\"},{\"$ref\":\"#/$defs/law.mixture\"}]},"
    "\"law.mean\":{\"properties\":{\"kind\":{},\"mean\":{}}},"
    "\"law.mixture\":{\"properties\":{\"kind\":{},\"of\":{\"$ref\":\"#/$defs/law\"},\"weights\":{\"items\":"
    "{\"properties\":{\"x\":{}}}}}}}";

/* Each key with its list, sorted as they were found. */
static char *find(const char *root) {
    cJSON *json = cJSON_Parse(defs), *found = cJSON_CreateObject();
    assert_non_null(json);
    mu_sweep_pointers(json, root, found);
    char *text = cJSON_PrintUnformatted(found);
    cJSON_Delete(found);
    cJSON_Delete(json);
    return text;
}

static void a_kind_has_the_pointers_of_its_options(void **state) {
    (void)state;
    char *text = find("law.mean");
    assert_string_equal(text, "{\"/kind\":[\"#/$defs/law.mean/properties/kind\"],"
                              "\"/mean\":[\"#/$defs/law.mean/properties/mean\"]}");
    cJSON_free(text);
    text = find("absent");
    assert_string_equal(text, "{}");
    cJSON_free(text);
}

static void a_law_of_laws_is_entered_once_and_arrays_are_not(void **state) {
    (void)state;
    char *text = find("law");
    assert_string_equal(text,
                        "{\"/kind\":[\"#/$defs/law.mean/properties/kind\",\"#/$defs/law.mixture/properties/kind\"],"
                        "\"/mean\":[\"#/$defs/law.mean/properties/mean\"],"
                        "\"/of\":[\"#/$defs/law.mixture/properties/of\"],"
                        "\"/of/kind\":[\"#/$defs/law.mean/properties/kind\"],"
                        "\"/of/mean\":[\"#/$defs/law.mean/properties/mean\"],"
                        "\"/weights\":[\"#/$defs/law.mixture/properties/weights\"]}");
    cJSON_free(text);
}

static void a_config_has_those_of_its_groups_tags_and_choices(void **state) {
    (void)state;
    cJSON *json = cJSON_Parse(defs), *found = cJSON_CreateObject();
    mu_sweep_pointers(json, "config", found);
    static const char *const expected[] = {
        "/seed",     "/stop",   "/stop/steps",  "/data",  "/data/path",  "/data/source", "/law",      "/law/kind",
        "/law/mean", "/law/of", "/law/weights", "/limit", "/limit/kind", "/limit/mean",  "/limit/of", "/limit/weights"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (!cJSON_HasObjectItem(found, expected[i])) {
            fail_msg("%s is not found", expected[i]);
        }
    }
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(found, "/data/path");
    assert_int_equal(cJSON_GetArraySize(path), 2);
    assert_string_equal(path->child->valuestring, "#/$defs/config/properties/data/allOf/0/anyOf/0/properties/path");
    assert_false(cJSON_HasObjectItem(found, "/law/weights/x"));
    assert_false(cJSON_HasObjectItem(found, "/law/of/of"));
    cJSON_Delete(found);
    cJSON_Delete(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_has_the_pointers_of_its_options),
        cmocka_unit_test(a_law_of_laws_is_entered_once_and_arrays_are_not),
        cmocka_unit_test(a_config_has_those_of_its_groups_tags_and_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
