/* Rows of points.csv by their group: a study may have as many groups as points. */
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "study_impl.h"

static int by_group(const void *a, const void *b) {
    const struct mu_result *x = a, *y = b;
    const int order = strcmp(x->group, y->group);
    return order != 0 ? order : x->number < y->number ? -1 : 1;
}

int mu_results_sort(const cJSON *rows, struct mu_results *sorted, struct mu_err *err) {
    const cJSON *row;
    size_t i = 0;
    sorted->n = (size_t)cJSON_GetArraySize(rows);
    sorted->row = mu_alloc(sorted->n, sizeof *sorted->row, err);
    if (sorted->row == NULL) {
        return err->code;
    }
    cJSON_ArrayForEach(row, rows) {
        const char *group = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "group"));
        sorted->row[i] = (struct mu_result){group != NULL ? group : "", i, row};
        i++;
    }
    qsort(sorted->row, sorted->n, sizeof *sorted->row, by_group);
    return MU_OK;
}

const struct mu_result *mu_results_of(const struct mu_results *sorted, const char *group, size_t *n) {
    size_t low = 0, high = sorted->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(sorted->row[middle].group, group) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (*n = 0; low + *n < sorted->n && strcmp(sorted->row[low + *n].group, group) == 0;) {
        ++*n;
    }
    return sorted->row + low;
}
