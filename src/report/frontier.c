#include "frontier.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "report_impl.h"

#define ALIKE 1.01 /* epsilons that differ by less are the same to a reader */

static bool find_end(const struct mu_report_run *run, struct mu_frontier_point *end) {
    const struct mu_table *m = &run->metrics;
    const double *spent = mu_table_get(m, "epsilon"), *reached = mu_table_get(m, "test_accuracy");
    if (spent == NULL || reached == NULL || m->rows == 0) {
        return false;
    }
    *end = (struct mu_frontier_point){spent[m->rows - 1], reached[m->rows - 1]};
    return isfinite(end->epsilon) && end->epsilon > 0 && isfinite(end->accuracy);
}

size_t mu_frontier_runs(const struct mu_report *report, size_t family, struct mu_frontier_point *point) {
    size_t n = 0;
    for (size_t i = 0; i < report->n; i++) {
        n += report->axes.family[i] == family && find_end(&report->run[i], &point[n]);
    }
    return n;
}

static int compare(const void *a, const void *b) {
    const struct mu_frontier_point *p = a, *q = b;
    if (p->epsilon != q->epsilon) {
        return p->epsilon < q->epsilon ? -1 : 1;
    }
    return (p->accuracy < q->accuracy) - (p->accuracy > q->accuracy);
}

size_t mu_frontier_means(const struct mu_report *report, size_t family, struct mu_frontier_point *point) {
    size_t n = 0;
    for (size_t g = 0; g < report->axes.groups; g++) {
        struct mu_frontier_point sum = {0}, end;
        size_t runs = 0;
        for (size_t i = 0; i < report->n; i++) {
            if (report->axes.group[i] == g && report->axes.family[i] == family && find_end(&report->run[i], &end)) {
                sum.epsilon += end.epsilon;
                sum.accuracy += end.accuracy;
                runs++;
            }
        }
        if (runs > 0) {
            point[n++] = (struct mu_frontier_point){sum.epsilon / (double)runs, sum.accuracy / (double)runs};
        }
    }
    qsort(point, n, sizeof *point, compare);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && point[i].accuracy <= point[kept - 1].accuracy) {
            continue;
        }
        while (kept > 0 && point[i].epsilon <= ALIKE * point[kept - 1].epsilon) {
            kept--;
        }
        point[kept++] = point[i];
    }
    return kept;
}
