/* `muster list`: a registry as plain text. */
#include <string.h>

#include "muster/config/doc.h"
#include "reach.h"
#include "text.h"

void mu_registry_print(const struct mu_registry *registry, FILE *out) {
    int width = 0;
    for (size_t i = 0; i < registry->n; i++) {
        const int length = (int)strlen(registry->rows[i]->name);
        width = length > width ? length : width;
    }
    fprintf(out, "%s\n", registry->plural);
    for (size_t i = 0; i < registry->n; i++) {
        const struct mu_kind *kind = registry->rows[i];
        fprintf(out, "  %-*s  %s", width, kind->name, kind->summary);
        if (kind->reference != NULL && kind->reference[0] != '\0') {
            fprintf(out, " (%s)", kind->reference);
        }
        fputc('\n', out);
    }
}

int mu_group_list(const struct mu_group *root, const char *plural, FILE *out, struct mu_err *err) {
    struct mu_reach reach = {0};
    int code = mu_reach(root, &reach, err);
    char known[512] = "";
    size_t shown = 0;
    for (size_t i = 0; i < reach.n && code == MU_OK; i++) {
        const struct mu_registry *registry = reach.v[i].registry;
        mu_append(known, sizeof known, "%s%s", i > 0 ? ", " : "", registry->plural);
        if (plural == NULL || strcmp(plural, registry->plural) == 0) {
            if (shown++ > 0) {
                fputc('\n', out);
            }
            mu_registry_print(registry, out);
        }
    }
    if (code == MU_OK && shown == 0) {
        mu_fail(err, MU_USAGE, NULL, "there is no list of \"%s\"", plural != NULL ? plural : "");
        code = mu_fail_help(err, "there are: %s", known);
    }
    mu_reach_clear(&reach);
    return code;
}
