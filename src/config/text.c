#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

bool mu_append(char *out, size_t size, const char *format, ...) {
    const size_t used = strlen(out);
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(out + used, size - used, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < size - used) {
        return true;
    }
    size_t end = size - 1;
    while (end > used && ((unsigned char)out[end - 1] & 0xC0) == 0x80) {
        end--;
    }
    /* out[end - 1] now leads a character of which some bytes may be missing. */
    if (end > used && (unsigned char)out[end - 1] >= 0x80) {
        end--;
    } else {
        end = size - 1;
    }
    out[end] = '\0';
    return false;
}

const char *mu_pointer_join(char out[static MU_TEXT], const char *pointer, const char *key) {
    if (out != pointer) {
        out[0] = '\0';
        mu_append(out, MU_TEXT, "%s", pointer);
    }
    mu_append(out, MU_TEXT, "/");
    while (*key != '\0') {
        const size_t plain = strcspn(key, "~/");
        if (!mu_append(out, MU_TEXT, "%.*s", (int)(plain < MU_TEXT ? plain : MU_TEXT), key)) {
            break;
        }
        key += plain;
        if (*key != '\0') {
            mu_append(out, MU_TEXT, *key == '~' ? "~0" : "~1");
            key++;
        }
    }
    return out;
}

const char *mu_place(char place[static 512], const char *file, const char *pointer, const char *field) {
    char joined[MU_TEXT] = "";
    mu_append(joined, sizeof joined, "%s", pointer == NULL ? "" : pointer);
    if (field != NULL) {
        mu_pointer_join(joined, joined, field);
    }
    const bool both = file != NULL && file[0] != '\0' && joined[0] != '\0';
    place[0] = '\0';
    mu_append(place, MU_TEXT, "%s%s%s", file == NULL ? "" : file, both ? ": " : "", joined);
    return place;
}

const char *mu_number_text(char out[static 32], double value) {
    if (value == trunc(value) && fabs(value) < 1e15) {
        /* Plain digits: 1000000 and not 1e+06. -0.0 keeps its sign. */
        snprintf(out, 32, "%.0f", value);
        return out;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    return out;
}

const char *mu_value_text(char out[static MU_TEXT], const struct cJSON *value) {
    enum { LONGEST = 60 }; /* bytes of a value shown: the place and the expectation should fit the line as well */
    out[0] = '\0';
    if (cJSON_IsNumber(value)) {
        return mu_number_text(out, value->valuedouble);
    }
    if (cJSON_IsString(value)) {
        const char *more = mu_append(out, LONGEST, "\"%s", value->valuestring) ? "\"" : "...\"";
        mu_append(out, MU_TEXT, "%s", more);
        return out;
    }
    const char *word = cJSON_IsArray(value)    ? "an array"
                       : cJSON_IsObject(value) ? "an object"
                       : cJSON_IsTrue(value)   ? "true"
                       : cJSON_IsFalse(value)  ? "false"
                                               : "null";
    mu_append(out, MU_TEXT, "%s", word);
    return out;
}

/* The range as it follows "an integer" or "a number"; nothing if every value is allowed. */
static void append_range(char *out, const struct mu_field *field) {
    const bool any = field->min == 0 && field->max == 0;
    const bool open = field->open;
    /* Bounds that no number of the type can pass say nothing to a reader. */
    const double huge = field->type == MU_INT || field->type == MU_INTS ? 9007199254740991.0 : 1.7e308;
    const bool low = !(field->min <= -huge) && (!any || open);
    const bool high = !(field->max >= huge) && !any;
    char min[32];
    char max[32];
    mu_number_text(min, low ? field->min : 0);
    mu_number_text(max, high ? field->max : 0);
    if (low && high && open) {
        mu_append(out, MU_TEXT, " greater than %s and at most %s", min, max);
    } else if (low && high) {
        mu_append(out, MU_TEXT, " in %s..%s", min, max);
    } else if (low) {
        mu_append(out, MU_TEXT, open ? " greater than %s" : " of at least %s", min);
    } else if (high) {
        mu_append(out, MU_TEXT, " of at most %s", max);
    }
}

static void append_words(char *out, const char *const *words) {
    for (size_t i = 0; words[i] != NULL; i++) {
        const char *between = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        mu_append(out, MU_TEXT, "%s\"%s\"", between, words[i]);
    }
}

const char *mu_article(const char *noun) {
    return noun[0] != '\0' && strchr("aeiou", noun[0]) != NULL ? "an" : "a";
}

const char *mu_expected_text(char out[static MU_TEXT], const struct mu_field *field) {
    out[0] = '\0';
    switch (field->type) {
    case MU_BOOL:
        mu_append(out, MU_TEXT, "true or false");
        break;
    case MU_INT:
        mu_append(out, MU_TEXT, "an integer");
        append_range(out, field);
        for (const struct mu_word *w = field->of; w != NULL && w->word != NULL; w++) {
            mu_append(out, MU_TEXT, "%s\"%s\"", w[1].word == NULL ? " or " : ", ", w->word);
        }
        break;
    case MU_REAL:
        mu_append(out, MU_TEXT, "a number");
        append_range(out, field);
        break;
    case MU_STRING:
        mu_append(out, MU_TEXT, "a string");
        break;
    case MU_ENUM:
        append_words(out, field->of);
        break;
    case MU_INTS:
    case MU_REALS:
        mu_append(out, MU_TEXT, field->type == MU_INTS ? "integers" : "numbers");
        append_range(out, field);
        mu_append(out, MU_TEXT, field->type == MU_INTS ? " in an array" : " in an array, which may be nested");
        break;
    case MU_CHOICE: {
        const struct mu_registry *registry = field->of;
        const char *number = registry->number_kind == NULL ? "" : "a number";
        const char *array = registry->array_kind == NULL ? "" : "an array";
        mu_append(out, MU_TEXT, "%s%s%s%s%s %s: an object with \"kind\"", number,
                  number[0] != '\0' && array[0] != '\0' ? ", " : "", array,
                  number[0] != '\0' || array[0] != '\0' ? " or " : "", mu_article(registry->what), registry->what);
        break;
    }
    case MU_TAG: {
        const struct mu_registry *registry = field->of;
        mu_append(out, MU_TEXT, "the name of %s %s", mu_article(registry->what), registry->what);
        break;
    }
    case MU_GROUP:
    case MU_NONE:
        mu_append(out, MU_TEXT, "an object");
        break;
    }
    return out;
}
