/* mu_json_print loses nothing and is readable. */
#include "harness.h"

static char *print(const cJSON *json) {
    char *text = NULL;
    assert_int_equal(mu_json_print(json, &text, &(struct mu_err){0}), MU_OK);
    return text;
}

static void the_layout_is_two_spaces_and_flat_arrays(void **state) {
    (void)state;
    cJSON *json = json_of("{\"a\":[1,2.5,\"x\"],\"b\":{},\"c\":[],\"d\":{\"e\":null,\"f\":[[1,2],[3,4]]},\"g\":true}");
    char *text = print(json);
    assert_string_equal(text, "{\n  \"a\": [1, 2.5, \"x\"],\n  \"b\": {},\n  \"c\": [],\n  \"d\": {\n    \"e\": null,\n"
                              "    \"f\": [\n      [1, 2],\n      [3, 4]\n    ]\n  },\n  \"g\": true\n}\n");
    mu_free(text);
    cJSON_Delete(json);
}

/* Random bit patterns, and the values around which shortest forms change length. */
static void every_number_reads_back_to_the_same_bits(void **state) {
    (void)state;
    uint64_t bits = 88172645463325252U;
    double hard[] = {0.1 + 0.2, 1.0 / 3, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 1e15, 1e22, -0.0, 1e-7};
    size_t lossy = 0;
    for (size_t i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17; /* xorshift64 */
        double x = 0;
        memcpy(&x, &bits, sizeof x);
        x = i < sizeof hard / sizeof *hard ? hard[i] : x;
        if (!isfinite(x)) {
            continue;
        }
        cJSON *json = cJSON_CreateNumber(x);
        char *text = print(json);
        cJSON *back = json_of(text);
        assert_memory_equal(&back->valuedouble, &x, sizeof x);
        char *plain = cJSON_PrintUnformatted(json);
        lossy += strtod(plain, NULL) != x;
        cJSON_free(plain);
        cJSON_Delete(back);
        cJSON_Delete(json);
        mu_free(text);
    }
    /* The control: were cJSON's printer exact, this file would have no reason to be. */
    assert_true(lossy > 0);
}

static void strings_are_escaped(void **state) {
    (void)state;
    const char *original = "\"q\\u0001\\\"\\\\\\n\\t\\u001f\\u007f\\u00e9/\"";
    cJSON *json = json_of(original);
    char *text = print(json);
    assert_string_equal(text, "\"q\\u0001\\\"\\\\\\n\\t\\u001f\x7F\xC3\xA9/\"\n");
    cJSON *back = json_of(text);
    assert_string_equal(back->valuestring, json->valuestring);
    cJSON_Delete(back);
    cJSON_Delete(json);
    mu_free(text);
}

static void what_is_no_json_number_becomes_null(void **state) {
    (void)state;
    cJSON *json = cJSON_CreateNumber(NAN);
    char *text = print(json);
    assert_string_equal(text, "null\n");
    mu_free(text);
    cJSON_Delete(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_two_spaces_and_flat_arrays),
        cmocka_unit_test(every_number_reads_back_to_the_same_bits),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(what_is_no_json_number_becomes_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
