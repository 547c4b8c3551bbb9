/* `muster list`: a registry as plain text. */
#include <string.h>

#include "muster/config/doc.h"

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
