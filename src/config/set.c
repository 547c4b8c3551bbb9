/* --set path=value. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "text.h"
#include "utf8.h"

/* Deeper than any option; it bounds the recursion of all that later walks the tree. */
enum { DEEPEST = 64 };

struct assignment {
    char *text; /* a copy of the path, cut into segments */
    char *segments[DEEPEST];
    size_t n;
    char place[512];
    struct mu_err *err;
};

/* RFC 6901, in place: ~1 is /, ~0 is ~. False for another ~. */
static bool unescape(char *segment) {
    char *out = segment;
    for (const char *in = segment; *in != '\0'; in++) {
        char c = *in;
        if (c == '~') {
            in++;
            if (*in != '0' && *in != '1') {
                return false;
            }
            c = *in == '0' ? '~' : '/';
        }
        *out++ = c;
    }
    *out = '\0';
    return true;
}

static int split_path(struct assignment *a) {
    const bool pointer = a->text[0] == '/';
    char *rest = pointer ? a->text + 1 : a->text;
    for (;;) {
        if (a->n == DEEPEST) {
            return mu_fail(a->err, MU_USAGE, a->place, "the path has more than %d parts", DEEPEST);
        }
        char *const segment = rest;
        char *const end = segment + strcspn(segment, pointer ? "/" : ".");
        const bool last = *end == '\0';
        *end = '\0';
        if (*segment == '\0' || (pointer && !unescape(segment))) {
            return mu_fail(a->err, MU_USAGE, a->place, "the path has %s",
                           *segment == '\0' ? "an empty part" : "a '~' that is neither ~0 nor ~1");
        }
        a->segments[a->n++] = segment;
        if (last) {
            return MU_OK;
        }
        rest = end + 1;
    }
}

/* The value: JSON, or else a string. What begins like a container or a string was meant as JSON. */
static int parse_value(const struct assignment *a, const char *text, cJSON **value) {
    struct mu_err cause = {0};
    const int rc = mu_json_parse("value", text, strlen(text), value, &cause);
    if (rc == MU_OK) {
        return MU_OK;
    }
    if (rc != MU_BAD_CONFIG || (text[0] != '\0' && strchr("{[\"", text[0]) != NULL)) {
        const int code = rc == MU_BAD_CONFIG ? MU_USAGE : rc;
        mu_fail(a->err, code, a->place, "%s: %s", cause.place, cause.text);
        mu_fail_help(a->err, "the shell may have taken the quotes: write --set 'path=[\"a\", \"b\"]'");
        return code;
    }
    *value = cJSON_CreateString(text);
    return *value != NULL ? MU_OK : mu_fail(a->err, MU_RANK_FAILED, a->place, "out of memory");
}

/* The position in an array that a segment names; "-" is the one after the last (RFC 6901). */
static int array_index(const struct assignment *a, const cJSON *array, const char *segment, int *index) {
    const int n = cJSON_GetArraySize(array);
    const size_t digits = strspn(segment, "0123456789");
    if (strcmp(segment, "-") == 0) {
        *index = n;
        return MU_OK;
    }
    if (segment[digits] != '\0' || digits > 9 || (digits > 1 && segment[0] == '0')) {
        return mu_fail(a->err, MU_USAGE, a->place, "\"%.60s\" is no index into the array there", segment);
    }
    *index = atoi(segment);
    if (*index >= n) {
        mu_fail(a->err, MU_USAGE, a->place, "index %d, but the array there has %d elements", *index, n);
        return mu_fail_help(a->err, "an index counts from 0; '-' appends");
    }
    return MU_OK;
}

/* Puts the value in place of the segment's old one, or beside the others. Takes the value in any case. */
static int put_member(const struct assignment *a, cJSON *parent, const char *segment, int index, cJSON *value) {
    bool done = false;
    if (cJSON_IsArray(parent)) {
        done = index < cJSON_GetArraySize(parent) ? cJSON_ReplaceItemInArray(parent, index, value)
                                                  : cJSON_AddItemToArray(parent, value);
    } else if (cJSON_GetObjectItemCaseSensitive(parent, segment) != NULL) {
        done = cJSON_ReplaceItemInObjectCaseSensitive(parent, segment, value);
    } else {
        done = cJSON_AddItemToObject(parent, segment, value);
    }
    if (!done) {
        cJSON_Delete(value);
        return mu_fail(a->err, MU_RANK_FAILED, a->place, "out of memory");
    }
    return MU_OK;
}

/* {"segments[from]": {... value}}, so that what is missing is attached in one piece. Takes the value. */
static cJSON *wrap(const struct assignment *a, size_t from, cJSON *value) {
    for (size_t i = a->n; i > from; i--) {
        cJSON *object = cJSON_CreateObject();
        if (!cJSON_AddItemToObject(object, a->segments[i - 1], value)) {
            cJSON_Delete(object);
            cJSON_Delete(value);
            return NULL;
        }
        value = object;
    }
    return value;
}

/* Walks as far as the tree goes. Takes the value. */
static int assign(const struct assignment *a, cJSON *json, cJSON *value) {
    cJSON *parent = json;
    for (size_t i = 0;; i++) {
        const char *segment = a->segments[i];
        int index = 0;
        cJSON *next = NULL;
        if (cJSON_IsArray(parent)) {
            const int rc = array_index(a, parent, segment, &index);
            if (rc != MU_OK) {
                cJSON_Delete(value);
                return rc;
            }
            next = cJSON_GetArrayItem(parent, index);
        } else if (cJSON_IsObject(parent)) {
            next = cJSON_GetObjectItemCaseSensitive(parent, segment);
        } else {
            char got[MU_TEXT];
            cJSON_Delete(value);
            return mu_fail(a->err, MU_USAGE, a->place, "\"%.60s\" would be inside %s, which is no object", segment,
                           mu_value_text(got, parent));
        }
        if (i + 1 == a->n || next == NULL || cJSON_IsNull(next)) {
            value = wrap(a, i + 1, value);
            if (value == NULL) {
                return mu_fail(a->err, MU_RANK_FAILED, a->place, "out of memory");
            }
            return put_member(a, parent, segment, index, value);
        }
        parent = next;
    }
}

int mu_json_set(struct cJSON *json, const char *assignment, struct mu_err *err) {
    struct mu_err unread = {0};
    struct assignment a = {.place = "--set ", .err = err == NULL ? &unread : err};
    mu_append(a.place, sizeof a.place, "%s", assignment);
    const size_t length = strlen(assignment);
    const size_t valid = mu_utf8_valid(assignment, length);
    if (valid < length) {
        return mu_fail(a.err, MU_USAGE, a.place, "not UTF-8 at byte %zu", valid);
    }
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        return mu_fail(a.err, MU_USAGE, a.place, "expected path=value, such as server.optimizer.lr=0.1");
    }
    if ((a.text = mu_strdup(assignment, a.err)) == NULL) {
        return MU_RANK_FAILED;
    }
    a.text[equals - assignment] = '\0';
    cJSON *value = NULL;
    int rc = split_path(&a);
    if (rc == MU_OK && (rc = parse_value(&a, equals + 1, &value)) == MU_OK) {
        rc = assign(&a, json, value);
    }
    mu_free(a.text);
    return rc;
}
