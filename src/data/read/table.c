#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "muster/base/mem.h"
#include "muster/base/rng.h"

/* More distinct labels than this are taken for a regression target named by mistake. */
enum { MAX_CLASSES = 65536 };

const char *const mu_table_tasks[] = {"classification", "regression", NULL};

int mu_labels_add(struct mu_labels *labels, const struct mu_lines *lines, const char *text, size_t n,
                  struct mu_err *err) {
    if (n == 0) {
        return mu_lines_fail(lines, err, "the label is missing");
    }
    if (labels->task == MU_TABLE_CLASSIFICATION) {
        void *grown = labels->id;
        const int rc = mu_grow(&grown, &labels->id_capacity, labels->n + 1, sizeof *labels->id, err);
        labels->id = grown;
        MU_TRY(rc);
        MU_TRY(mu_intern_add(&labels->names, text, n, &labels->id[labels->n], err));
        if (labels->names.n > MAX_CLASSES) {
            mu_lines_fail(lines, err, "more than %d different labels", MAX_CLASSES);
            return mu_fail_help(err, "for a real target set data.task to \"regression\"");
        }
    } else {
        void *grown = labels->value;
        const int rc = mu_grow(&grown, &labels->value_capacity, labels->n + 1, sizeof *labels->value, err);
        labels->value = grown;
        MU_TRY(rc);
        if (!mu_is_number(text, n, &labels->value[labels->n])) {
            return mu_lines_fail(lines, err, "the target \"%.40s\" is not a number", text);
        }
    }
    labels->n++;
    return MU_OK;
}

struct name {
    const char *text;
    double value;
    uint32_t id;
};

static int compare_values(const void *a, const void *b) {
    const struct name *const x = a, *const y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

int mu_labels_finish(struct mu_labels *labels, const char *path, size_t *classes, struct mu_err *err) {
    *classes = 0;
    if (labels->task == MU_TABLE_REGRESSION) {
        return MU_OK;
    }
    const size_t n = labels->names.n;
    struct name *const name = mu_alloc(n, sizeof *name, err);
    uint32_t *const class = mu_alloc(n, sizeof *class, err);
    int rc = name == NULL || class == NULL ? err->code : MU_OK;
    bool numbers = true;
    for (size_t i = 0; i < n && rc == MU_OK; i++) {
        name[i].text = mu_intern_text(&labels->names, (uint32_t)i);
        name[i].id = (uint32_t)i;
        numbers = mu_is_number(name[i].text, strlen(name[i].text), &name[i].value) && numbers;
    }
    if (rc == MU_OK) {
        qsort(name, n, sizeof *name, numbers ? compare_values : compare_texts);
        for (size_t i = 0; i < n; i++) {
            *classes += i == 0 || !numbers || name[i].value != name[i - 1].value;
            class[name[i].id] = (uint32_t)(*classes - 1);
        }
        for (size_t i = 0; i < labels->n; i++) {
            labels->id[i] = class[labels->id[i]];
        }
        if (*classes < 2) {
            rc = mu_fail(err, MU_BAD_CONFIG, path, "all labels are the same, there is nothing to learn");
        }
    }
    mu_free(name);
    mu_free(class);
    return rc;
}

void mu_labels_clear(struct mu_labels *labels) {
    mu_intern_clear(&labels->names);
    mu_free(labels->id);
    mu_free(labels->value);
    memset(labels, 0, sizeof *labels);
}

/* Writes the rows that are (not) held out, ascending. */
static size_t list_rows(size_t n, const bool *held_out, bool wanted, uint32_t *row) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (held_out[i] == wanted) {
            row[count++] = (uint32_t)i;
        }
    }
    return count;
}

int mu_split_new(struct mu_split *split, size_t first, size_t second, bool has_test_file, double fraction,
                 const struct mu_load *call, const char *path, struct mu_err *err) {
    const size_t n = first + second;
    if (first == 0 || (has_test_file && second == 0)) {
        return mu_fail(err, MU_BAD_CONFIG, path, "there are no rows in this file");
    }
    if (n > UINT32_MAX) {
        return mu_fail(err, MU_BAD_CONFIG, path, "%zu rows are more than %u", n, UINT32_MAX);
    }
    split->test_n = has_test_file ? second : (size_t)(fraction * (double)first + 0.5);
    split->train_n = n - split->test_n;
    if (split->train_n == 0) {
        return mu_data_fail(call->file, "test_fraction", err, "no row of %zu is left to train on", n);
    }
    bool *const held_out = mu_alloc(n, sizeof *held_out, err);
    if (held_out == NULL || (split->row = mu_alloc(n, sizeof *split->row, err)) == NULL) {
        mu_free(held_out);
        return err->code;
    }
    for (size_t i = 0; i < n; i++) {
        split->row[i] = (uint32_t)i;
    }
    if (!has_test_file) {
        struct mu_rng rng;
        mu_rng_init(&rng, call->seed, MU_STREAM_TEST_DATA, 0, 0);
        mu_rng_shuffle(&rng, n, split->row);
    }
    for (size_t i = split->train_n; i < n; i++) {
        held_out[split->row[i]] = true;
    }
    const size_t count = list_rows(n, held_out, false, split->row);
    list_rows(n, held_out, true, split->row + count);
    mu_free(held_out);
    return MU_OK;
}

static void fill_labels(struct mu_part *part, const uint32_t *row, const struct mu_labels *labels) {
    for (size_t i = 0; i < part->n; i++) {
        if (labels->task == MU_TABLE_CLASSIFICATION) {
            part->label[i] = (int32_t)labels->id[row[i]];
        } else {
            part->target[i] = labels->value[row[i]];
        }
    }
}

int mu_table_parts(struct mu_pool *pool, const struct mu_split *split, const struct mu_labels *labels,
                   struct mu_err *err) {
    MU_TRY(mu_part_new(&pool->train, pool, split->train_n, err));
    MU_TRY(mu_part_new(&pool->test, pool, split->test_n, err));
    fill_labels(&pool->train, split->row, labels);
    fill_labels(&pool->test, split->row + split->train_n, labels);
    return MU_OK;
}
