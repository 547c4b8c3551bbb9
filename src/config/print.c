/* JSON to text. cJSON's own printer compares numbers with a tolerance and so drops the last bit of some; a resolved
 * config must give the same run. */
#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "text.h"

struct buffer {
    char *text; /* NUL-terminated by mu_grow, which zeroes */
    size_t n, capacity;
    struct mu_err *err;
    int rc; /* the first failure; nothing is written after it */
};

static void put(struct buffer *b, const char *bytes, size_t n) {
    if (b->rc == MU_OK) {
        b->rc = mu_grow((void **)&b->text, &b->capacity, b->n + n + 1, 1, b->err);
    }
    if (b->rc == MU_OK) {
        memcpy(b->text + b->n, bytes, n);
        b->n += n;
    }
}

static void put_text(struct buffer *b, const char *text) {
    put(b, text, strlen(text));
}

static void put_string(struct buffer *b, const char *text) {
    put_text(b, "\"");
    while (*text != '\0') {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\') {
            plain++;
        }
        put(b, text, plain);
        text += plain;
        if (*text == '\0') {
            break;
        }
        char escape[8] = "";
        if (*text == '"' || *text == '\\') {
            mu_append(escape, sizeof escape, "\\%c", *text);
        } else if (*text == '\n' || *text == '\t') {
            put_text(b, *text == '\n' ? "\\n" : "\\t");
        } else {
            mu_append(escape, sizeof escape, "\\u%04x", (unsigned)*text);
        }
        put_text(b, escape);
        text++;
    }
    put_text(b, "\"");
}

static void put_line(struct buffer *b, size_t depth) {
    put_text(b, "\n");
    for (size_t i = 0; i < depth; i++) {
        put_text(b, "  ");
    }
}

/* A container without containers in it stands on one line if it is an array: a list of widths, a row of a matrix. */
static bool is_flat(const cJSON *value) {
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        if (item->child != NULL || cJSON_IsObject(item)) {
            return false;
        }
    }
    return cJSON_IsArray(value) || value->child == NULL;
}

static void put_value(struct buffer *b, const cJSON *value, size_t depth) {
    if (cJSON_IsString(value)) {
        put_string(b, value->valuestring);
    } else if (cJSON_IsNumber(value) && isfinite(value->valuedouble)) {
        char number[32];
        put_text(b, mu_number_text(number, value->valuedouble));
    } else if (cJSON_IsBool(value)) {
        put_text(b, cJSON_IsTrue(value) ? "true" : "false");
    } else if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        const bool object = cJSON_IsObject(value);
        const bool flat = is_flat(value);
        put_text(b, object ? "{" : "[");
        for (const cJSON *item = value->child; item != NULL; item = item->next) {
            if (!flat) {
                put_line(b, depth + 1);
            }
            if (object) {
                put_string(b, item->string);
                put_text(b, ": ");
            }
            put_value(b, item, depth + 1);
            put_text(b, item->next == NULL ? "" : flat ? ", " : ",");
        }
        if (!flat) {
            put_line(b, depth);
        }
        put_text(b, object ? "}" : "]");
    } else {
        put_text(b, "null"); /* JSON has no NaN */
    }
}

int mu_json_print(const struct cJSON *json, char **text, struct mu_err *err) {
    struct buffer b = {.err = err};
    put_value(&b, json, 0);
    put_text(&b, "\n");
    if (b.rc != MU_OK) {
        mu_free(b.text);
        return b.rc;
    }
    *text = b.text;
    return MU_OK;
}
