/* mu_json_parse and mu_json_read: trees, duplicate keys and files that are none. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

static void a_document_becomes_a_tree(void **state) {
    (void)state;
    cJSON *json = json_of("\xEF\xBB\xBF{\"a\": [1, \"\\ud83d\\ude00\"]}");
    const cJSON *a = cJSON_GetObjectItemCaseSensitive(json, "a");
    assert_true(a->child->valuedouble == 1);
    assert_string_equal(a->child->next->valuestring, "\xF0\x9F\x98\x80");
    cJSON_Delete(json);
}

static void assert_duplicate(const char *text, const char *place) {
    cJSON *json = NULL;
    struct mu_err err = {0};
    assert_int_equal(mu_json_parse("f", text, strlen(text), &json, &err), MU_BAD_CONFIG);
    assert_null(json);
    assert_string_equal(err.place, place);
    assert_string_equal(err.text, "duplicate key");
}

static void duplicate_keys_are_refused_at_any_depth(void **state) {
    (void)state;
    assert_duplicate("{\"a\": 1, \"a\": 1}", "f: /a");
    assert_duplicate("{\"x\": [0, {\"b\": 1, \"c/~\": 2, \"c/~\": 3}]}", "f: /x/1/c~1~0");
    assert_duplicate("{\"a\": 1, \"\\u0061\": 2}", "f: /a"); /* the same key, written differently */
    cJSON_Delete(json_of("{\"a\": {\"a\": 1}, \"A\": 1, \"b\": {\"a\": 1}}"));
}

/* 200,000 keys take well under a second when sorted and minutes when compared pairwise. */
static void many_keys_take_no_quadratic_time(void **state) {
    (void)state;
    enum { KEYS = 200000 };
    char *text = malloc(KEYS * 16 + 32);
    size_t n = (size_t)sprintf(text, "{\"k\": 0");
    for (int i = 0; i < KEYS; i++) {
        n += (size_t)sprintf(text + n, ",\"k%d\":0", (i * 7919) % KEYS);
    }
    const clock_t begin = clock();
    cJSON *json = NULL;
    struct mu_err err = {0};
    n += (size_t)sprintf(text + n, "}");
    assert_int_equal(mu_json_parse("f", text, n, &json, &err), MU_OK);
    cJSON_Delete(json);
    n += (size_t)sprintf(text + n - 1, ",\"k77\":0}") - 1;
    assert_int_equal(mu_json_parse("f", text, n, &json, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "f: /k77");
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 10);
    free(text);
}

/* The deepest document that the scan lets through must not exhaust the stack of what recurses over the tree. */
static void the_deepest_document_is_parsed(void **state) {
    (void)state;
    enum { DEEP = 1000 };
    char text[DEEP * 6 + 2] = "";
    for (size_t i = 0; i < DEEP; i++) {
        memcpy(text + 5 * i, "{\"a\":", 5);
        text[5 * DEEP + 1 + i] = '}';
    }
    text[5 * DEEP] = '1';
    cJSON_Delete(json_of(text));
}

static void write_file(const char *path, const char *text, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void assert_unreadable(const char *path, const char *message) {
    cJSON *json = NULL;
    struct mu_err err = {0};
    assert_int_equal(mu_json_read(path, &json, &err), MU_BAD_CONFIG);
    assert_null(json);
    assert_int_equal(strncmp(err.place, path, strlen(path)), 0);
    if (strstr(err.text, message) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.text, message);
    }
}

static void files_that_are_no_config_are_refused(void **state) {
    (void)state;
    char dir[] = "/tmp/mu-json-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64];
    snprintf(path, sizeof path, "%s/a.json", dir);
    assert_unreadable(path, "No such file");
    assert_unreadable(dir, "directory");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_unreadable(path, "not a regular file");
    unlink(path);
    write_file(path, "", 0);
    assert_unreadable(path, "empty");
    write_file(path, "{\"a\": 1", 7);
    assert_unreadable(path, "ends too early");
    const bool root = geteuid() == 0; /* who may read everything, and so becomes nobody for a moment */
    chmod(path, 0);
    assert_true(!root || seteuid(65534) == 0);
    assert_unreadable(path, "Permission denied");
    assert_true(!root || seteuid(0) == 0);
    chmod(path, 0600);
    write_file(path, "{\"a\": 1}", 8);
    cJSON *json = NULL;
    assert_int_equal(mu_json_read(path, &json, &(struct mu_err){0}), MU_OK);
    cJSON_Delete(json);
    assert_int_equal(truncate(path, (off_t)1 << 30), 0); /* sparse */
    assert_unreadable(path, "67108864 bytes");
    unlink(path);
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_becomes_a_tree),
        cmocka_unit_test(duplicate_keys_are_refused_at_any_depth),
        cmocka_unit_test(many_keys_take_no_quadratic_time),
        cmocka_unit_test(the_deepest_document_is_parsed),
        cmocka_unit_test(files_that_are_no_config_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
