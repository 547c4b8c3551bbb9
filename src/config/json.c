#include "muster/config/json.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "scan.h"
#include "text.h"

/* A config is a few kilobytes; inline targets for a million clients are tens of megabytes. */
#define LARGEST_FILE ((size_t)64 << 20)

/* A workspace of key pointers, shared by all objects of a document. */
struct keys {
    const char **v;
    size_t capacity;
};

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that an object of n keys takes n log n steps. */
static int check_object(const cJSON *object, struct keys *keys, const char *file, const char *pointer,
                        struct mu_err *err) {
    size_t n = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        MU_TRY(mu_grow((void **)&keys->v, &keys->capacity, n + 1, sizeof *keys->v, err));
        keys->v[n++] = item->string;
    }
    if (n > 1) {
        qsort(keys->v, n, sizeof *keys->v, compare_keys);
    }
    for (size_t i = 1; i < n; i++) {
        if (strcmp(keys->v[i - 1], keys->v[i]) == 0) {
            char place[512];
            return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, keys->v[i]), "duplicate key");
        }
    }
    return MU_OK;
}

/* Recursion is as deep as the document, which the scan has limited. */
static int check_duplicates(const cJSON *value, struct keys *keys, const char *file, const char *pointer,
                            struct mu_err *err) {
    if (cJSON_IsObject(value)) {
        MU_TRY(check_object(value, keys, file, pointer, err));
    }
    size_t index = 0;
    for (const cJSON *item = value->child; item != NULL; item = item->next, index++) {
        if (item->child == NULL) {
            continue;
        }
        char inner[MU_TEXT];
        char number[32];
        const char *key = item->string != NULL ? item->string : mu_number_text(number, (double)index);
        mu_pointer_join(inner, pointer, key);
        MU_TRY(check_duplicates(item, keys, file, inner, err));
    }
    return MU_OK;
}

int mu_json_parse(const char *file, const char *text, size_t n, struct cJSON **json, struct mu_err *err) {
    MU_TRY(mu_json_scan(file, text, n, err));
    const size_t mark = mu_json_mark(text, n);
    cJSON *tree = cJSON_ParseWithLength(text + mark, n - mark);
    if (tree == NULL) {
        return mu_fail(err, MU_RANK_FAILED, file, "out of memory");
    }
    struct keys keys = {0};
    const int rc = check_duplicates(tree, &keys, file, "", err);
    mu_free(keys.v);
    if (rc != MU_OK) {
        cJSON_Delete(tree);
        return rc;
    }
    *json = tree;
    return MU_OK;
}

int mu_json_read(const char *path, struct cJSON **json, struct mu_err *err) {
    char *text = NULL;
    size_t n = 0;
    struct mu_err cause = {0};
    if (mu_file_read(path, LARGEST_FILE, &text, &n, &cause) != MU_OK) {
        const int code = cause.code == MU_IO ? MU_BAD_CONFIG : cause.code;
        const int rc = mu_fail(err, code, cause.place, "%s", cause.text);
        if (cause.help[0] != '\0') {
            mu_fail_help(err, "%s", cause.help);
        }
        return rc;
    }
    const int rc = mu_json_parse(path, text, n, json, err);
    mu_free(text);
    return rc;
}
