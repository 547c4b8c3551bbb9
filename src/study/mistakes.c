/* The list of what is wrong with a sweep. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "plan_impl.h"

enum { MOST = 1000, MOST_NAMES = 8 };

int mu_mistakes_init(struct mu_mistakes *m, const char *file, struct mu_err *err) {
    *m = (struct mu_mistakes){.file = file, .list = cJSON_CreateArray()};
    return m->list != NULL ? MU_OK : mu_fail(err, MU_RANK_FAILED, file, "out of memory");
}

void mu_mistakes_clear(struct mu_mistakes *m) {
    cJSON_Delete(m->list);
    *m = (struct mu_mistakes){0};
}

size_t mu_mistakes_count(const struct mu_mistakes *m) {
    return (size_t)cJSON_GetArraySize(m->list);
}

static const char *text_of(const cJSON *entry, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* The entry of a mistake, a new one if it was not there; NULL if there are too many. */
static cJSON *find(struct mu_mistakes *m, const struct mu_err *mistake) {
    cJSON *entry;
    size_t n = 0;
    cJSON_ArrayForEach(entry, m->list) {
        if (strcmp(text_of(entry, "place"), mistake->place) == 0 &&
            strcmp(text_of(entry, "text"), mistake->text) == 0) {
            return entry;
        }
        n++;
    }
    if (n == MOST) {
        m->overflow = true;
        return NULL;
    }
    entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "place", mistake->place);
    cJSON_AddStringToObject(entry, "text", mistake->text);
    cJSON_AddStringToObject(entry, "help", mistake->help);
    cJSON_AddNumberToObject(entry, "points", 0);
    cJSON_AddArrayToObject(entry, "names");
    cJSON_AddItemToArray(m->list, entry);
    return entry;
}

void mu_mistake(struct mu_mistakes *m, const char *pointer, const char *format, ...) {
    char place[512], text[512];
    struct mu_err mistake = {0}; /* whose message is one line, whatever a key consists of */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(place, sizeof place, "%s%s%s", m->file, pointer[0] != '\0' ? ": " : "", pointer);
    mu_fail(&mistake, MU_BAD_CONFIG, place, "%s", text);
    (void)find(m, &mistake);
}

void mu_mistake_of_point(struct mu_mistakes *m, const char *point, const struct mu_err *mistake) {
    cJSON *entry = find(m, mistake), *points = cJSON_GetObjectItemCaseSensitive(entry, "points");
    if (points == NULL || point == NULL) {
        return;
    }
    cJSON_SetNumberValue(points, points->valuedouble + 1);
    if (points->valuedouble <= MOST_NAMES) {
        cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(entry, "names"), cJSON_CreateString(point));
    }
}

/* "unknown key (2 points: a-s1, a-s2)" */
static void print_cause(FILE *out, const cJSON *mistake) {
    const int points = cJSON_GetObjectItemCaseSensitive(mistake, "points")->valueint;
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(mistake, "names"), *name;
    fputs(text_of(mistake, "text"), out);
    if (points == 0) {
        return;
    }
    fprintf(out, points == 1 ? " (point " : " (%d points: ", points);
    cJSON_ArrayForEach(name, names) {
        fprintf(out, "%s%s", name != names->child ? ", " : "", name->valuestring);
    }
    if (points > MOST_NAMES) {
        fprintf(out, " and %d more", points - MOST_NAMES);
    }
    fputc(')', out);
}

static char *print_first(const cJSON *mistake) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (out != NULL) {
        print_cause(out, mistake);
        fclose(out);
    }
    return text;
}

static char *print_all(const struct mu_mistakes *m) {
    char *text = NULL;
    size_t n = 0;
    const cJSON *mistake;
    FILE *out = open_memstream(&text, &n);
    if (out == NULL) {
        return NULL;
    }
    cJSON_ArrayForEach(mistake, m->list) {
        fprintf(out, "%s: ", text_of(mistake, "place"));
        print_cause(out, mistake);
        fputc('\n', out);
    }
    if (m->overflow) {
        fprintf(out, "%s: and more than these %d\n", m->file, MOST);
    }
    fclose(out);
    return text;
}

int mu_mistakes_report(const struct mu_mistakes *m, char **lines, struct mu_err *err) {
    *lines = NULL;
    const cJSON *first = m->list->child;
    if (first == NULL) {
        return MU_OK;
    }
    char *text = print_first(first);
    const int code =
        mu_fail(err, MU_BAD_CONFIG, text_of(first, "place"), "%s", text != NULL ? text : text_of(first, "text"));
    free(text);
    if (text_of(first, "help")[0] != '\0') {
        mu_fail_help(err, "%s", text_of(first, "help"));
    }
    if (first->next != NULL) {
        text = print_all(m);
        *lines = text != NULL ? mu_strdup(text, err) : NULL;
        free(text);
    }
    return code;
}
