/* The resolved config parses to the same values, as a tree and through a file's text. */
#include "harness.h"

static bool same_values(const struct mu_group *group, const void *a, const void *b);

static bool same_choice(const struct mu_choice *a, const struct mu_choice *b) {
    return a->kind == b->kind && (a->kind == NULL || same_values(&a->kind->group, a->options, b->options));
}

/* Bit for bit, and state too; written out here, so that no code of the layer judges itself. */
static bool same_member(const struct mu_field *f, const void *a, const void *b) {
    const struct mu_ints *ia = a, *ib = b;
    const struct mu_reals *ra = a, *rb = b;
    const char *sa = NULL, *sb = NULL;
    switch (f->type) {
    case MU_BOOL:
        return memcmp(a, b, sizeof(bool)) == 0;
    case MU_INT:
    case MU_REAL:
        return memcmp(a, b, 8) == 0;
    case MU_ENUM:
        return memcmp(a, b, sizeof(int)) == 0;
    case MU_STRING:
        memcpy(&sa, a, sizeof sa);
        memcpy(&sb, b, sizeof sb);
        return sa == NULL || sb == NULL ? sa == sb : strcmp(sa, sb) == 0;
    case MU_INTS:
        return ia->n == ib->n && (ia->v == NULL) == (ib->v == NULL) && memcmp(ia->v, ib->v, ia->n * 8) == 0;
    case MU_REALS:
        return ra->n == rb->n && ra->axes == rb->axes && memcmp(ra->shape, rb->shape, sizeof ra->shape) == 0 &&
               (ra->v == NULL ? rb->v == NULL : memcmp(ra->v, rb->v, ra->n * 8) == 0);
    case MU_GROUP:
        return same_values(f->of, a, b);
    case MU_CHOICE:
    case MU_TAG:
        return same_choice(a, b);
    case MU_NONE:
        break;
    }
    return false;
}

static bool same_values(const struct mu_group *group, const void *a, const void *b) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (!same_member(f, (const char *)a + f->offset, (const char *)b + f->offset)) {
            return false;
        }
    }
    return true;
}

static const char *const configs[] = {
    "{\"tool\": {\"kind\": \"saw\"}}",
    "{\"tool\": {\"kind\": \"hammer\", \"mass\": 0.30000000000000004}, \"offset\": 0.1, \"limit_s\": 1e-300}",
    "{\"tool\": {\"kind\": \"none\"}, \"data\": {\"source\": \"file\", \"path\": \"q\\\"\\u0001/\\\\\\u00e9\"}}",
    "{\"tool\": {\"kind\": \"saw\", \"pace\": {\"kind\": \"mixture\", \"of\": {\"kind\": \"mixture\", \"of\": 2}}}}",
    "{\"tool\": {\"kind\": \"none\"}, \"batch_size\": \"full\", \"seed\": 9007199254740991, \"note\": \"\"}",
    "{\"tool\": {\"kind\": \"none\"}, \"targets\": [[1, 2.5], [3, 4]], \"hidden\": [], \"weights\": 3, \"chosen\": "
    "[5]}",
    "{\"tool\": {\"kind\": \"none\"}, \"targets\": [[[1], [0.1]]], \"fallback\": \"size\", \"patience\": 9, "
    "\"limit_s\": 3}",
    "{\"tool\": {\"kind\": \"none\"}, \"targets\": [[], []], \"extra_s\": {\"kind\": \"uniform\"}, \"trace\": true}",
};

static void the_echo_parses_to_the_same_values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct sample first;
        struct sample second;
        struct mu_err err = {0};
        assert_int_equal(parse_sample(configs[i], &first, &err), MU_OK);
        cJSON *json = mu_group_json(&sample_group, &first);
        assert_int_equal(mu_group_parse(&sample_group, json, "echo", "", &second, &err), MU_OK);
        assert_true(same_values(&sample_group, &first, &second));
        mu_group_clear(&sample_group, &second);
        char *text = NULL;
        assert_int_equal(mu_json_print(json, &text, &err), MU_OK);
        assert_int_equal(parse_sample(text, &second, &err), MU_OK);
        assert_true(same_values(&sample_group, &first, &second));
        /* The control: one option changed is seen. */
        second.data.clients++;
        assert_false(same_values(&sample_group, &first, &second));
        mu_free(text);
        mu_group_clear(&sample_group, &second);
        mu_group_clear(&sample_group, &first);
        cJSON_Delete(json);
    }
}

static void the_echo_has_every_default_and_no_state(void **state) {
    (void)state;
    struct sample s;
    struct mu_err err = {0};
    assert_int_equal(parse_sample("{\"tool\": {\"kind\": \"saw\"}, \"batch_size\": \"full\"}", &s, &err), MU_OK);
    cJSON *json = mu_group_json(&sample_group, &s);
    cJSON *want = json_of(
        "{\"name\": \"unnamed\", \"note\": null, \"seed\": 1, \"batch_size\": \"full\", \"patience\": null, "
        "\"fraction\": 0.1,"
        " \"limit_s\": null, \"offset\": -1.5, \"mode\": \"size\", \"fallback\": null, \"trace\": false,"
        " \"hidden\": [200, 100], \"chosen\": [], \"weights\": [1], \"targets\": null,"
        " \"tool\": {\"kind\": \"saw\", \"teeth\": 24, \"pace\": {\"kind\": \"constant\", \"value\": 0.5}},"
        " \"delay_s\": {\"kind\": \"constant\", \"value\": 0}, \"extra_s\": null,"
        " \"data\": {\"source\": \"noise\", \"sigma\": 1, \"band\": {\"low\": 0, \"high\": 2}, \"clients\": 10}}");
    assert_true(cJSON_Compare(json, want, true));
    cJSON_Delete(want);
    cJSON_Delete(json);
    mu_group_clear(&sample_group, &s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_echo_parses_to_the_same_values),
        cmocka_unit_test(the_echo_has_every_default_and_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
