/* docs/config.md from the field tables. */
#include "muster/config/doc.h"

#include <ctype.h>
#include <string.h>

#include "reach.h"
#include "text.h"

struct page {
    FILE *out;
    const struct mu_reach *reach;
};

/* Text in a table cell: '|' would end the cell, '<' might begin an HTML tag. */
static void put_cell(const struct page *page, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            fputs("\\|", page->out);
        } else if (*text == '<') {
            fputs("&lt;", page->out);
        } else {
            fputc(*text, page->out);
        }
    }
}

/* "server.strategy" under "server", or "strategy" at the root. */
static const char *join_path(char path[static MU_TEXT], const char *prefix, const char *name) {
    path[0] = '\0';
    mu_append(path, MU_TEXT, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", name);
    return path;
}

static void put_type(const struct page *page, const struct mu_field *field, const char *prefix) {
    char text[MU_TEXT];
    if (field->type == MU_GROUP) {
        fprintf(page->out, "[an object](#%s)", join_path(text, prefix, field->name));
    } else if (field->type == MU_CHOICE || field->type == MU_TAG) {
        const struct mu_registry *registry = field->of;
        const bool chosen = field->type == MU_CHOICE;
        const char *bare = chosen && registry->array_kind != NULL    ? "a number, an array or "
                           : chosen && registry->number_kind != NULL ? "a number or "
                                                                     : "";
        fprintf(page->out, "%s%s%s [%s](#%s)", bare, field->type == MU_TAG ? "the name of " : "",
                mu_article(registry->what), registry->what, mu_reach_name(page->reach, registry));
    } else {
        put_cell(page, mu_expected_text(text, field));
    }
}

static void put_default(const struct page *page, const struct mu_field *field) {
    if (field->def == NULL) {
        fputs("required", page->out);
    } else if (strcmp(field->def, "null") == 0) {
        fputs("absent", page->out);
    } else if (field->type != MU_GROUP) {
        fputc('`', page->out);
        put_cell(page, field->def);
        fputc('`', page->out);
    }
}

static void put_row(const struct page *page, const struct mu_field *field, const char *prefix) {
    fprintf(page->out, "| `%s` | ", field->name);
    put_type(page, field, prefix);
    fputs(" | ", page->out);
    put_cell(page, field->unit == NULL ? "" : field->unit);
    fputs(" | ", page->out);
    put_default(page, field);
    fputs(" | ", page->out);
    put_cell(page, field->doc);
    fputs(" |\n", page->out);
}

/* The table of a group, then those of the groups in it under headings of their own. `prefix` is the path of the group,
 * which makes the anchors: "server.optimizer", "strategy.fedbuff". */
static void put_group(const struct page *page, const struct mu_group *group, const char *prefix, const char *level) {
    size_t n = 0;
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role == MU_OPTION) {
            if (n++ == 0) {
                fputs("| option | type and range | unit | default | meaning |\n|---|---|---|---|---|\n", page->out);
            }
            put_row(page, f, prefix);
        }
    }
    fputs(n == 0 ? "No options.\n" : "", page->out);
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role == MU_OPTION && f->type == MU_GROUP) {
            char path[MU_TEXT];
            join_path(path, prefix, f->name);
            fprintf(page->out, "\n<a id=\"%s\"></a>\n%s `%s`: %s\n\n", path, level, path, f->doc);
            put_group(page, f->of, path, level);
        }
    }
}

static void put_registry(const struct page *page, const struct mu_reached *reached) {
    const struct mu_registry *registry = reached->registry;
    fprintf(page->out, "\n<a id=\"%s\"></a>\n## %c%s\n\n", reached->name, toupper((unsigned char)registry->plural[0]),
            registry->plural + 1);
    if (reached->chosen) {
        fprintf(page->out, "An object whose `\"kind\"` is one of these names, with the options of that %s beside it.",
                registry->what);
    } else {
        fprintf(page->out, "The options of %s %s stand beside its name, in the same object.",
                mu_article(registry->what), registry->what);
    }
    if (registry->number_kind != NULL) {
        fprintf(page->out, " A bare number `x` means `{\"kind\": \"%s\", \"%s\": x}`.", registry->number_kind,
                registry->number_field);
    }
    if (registry->array_kind != NULL) {
        fprintf(page->out, " A bare array `[...]` means `{\"kind\": \"%s\", \"%s\": [...]}`.", registry->array_kind,
                registry->array_field);
    }
    fputs("\n\n", page->out);
    for (size_t i = 0; i < registry->n; i++) {
        const struct mu_kind *kind = registry->rows[i];
        fprintf(page->out, "- [`%s`](#%s.%s): %s\n", kind->name, reached->name, kind->name, kind->summary);
    }
    for (size_t i = 0; i < registry->n; i++) {
        const struct mu_kind *kind = registry->rows[i];
        char path[MU_TEXT];
        join_path(path, reached->name, kind->name);
        fprintf(page->out, "\n<a id=\"%s\"></a>\n### `%s`\n\n%s", path, kind->name, kind->summary);
        if (kind->reference != NULL && kind->reference[0] != '\0') {
            fprintf(page->out, " (%s)", kind->reference);
        }
        fputs(".\n\n", page->out);
        put_group(page, &kind->group, path, "####");
    }
}

void mu_group_markdown(const struct mu_group *root, FILE *out) {
    struct mu_reach reach = {0};
    if (mu_reach(root, &reach, NULL) == MU_OK) {
        const struct page page = {.out = out, .reach = &reach};
        fputs("## The config\n\n", out);
        put_group(&page, root, "", "##");
        for (size_t i = 0; i < reach.n; i++) {
            put_registry(&page, &reach.v[i]);
        }
    }
    mu_reach_clear(&reach);
}

void mu_group_section(const struct mu_group *group, const char *name, const char *doc, FILE *out) {
    const struct mu_reach none = {0};
    const struct page page = {.out = out, .reach = &none};
    fprintf(out, "\n<a id=\"%s\"></a>\n## `%s`: %s\n\n", name, name, doc);
    put_group(&page, group, name, "###");
}
