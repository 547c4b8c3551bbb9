/* LIBSVM text, plain or gzip: a line is "label index:value index:value ...", indices from 1 and ascending, what is not
 * given is zero; "#" begins a comment. Rows are kept dense, as float32. */
#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "read/table.h"

struct options {
    char *path, *test_path;
    double test_fraction;
    int64_t features;
    int task;
};

/* Above the largest public LIBSVM data set a dense row makes sense for. */
#define MAX_INDEX 100000000

static const struct mu_field fields[] = {
    {"path", MU_STRING, MU_OPTION, offsetof(struct options, path), "", 0, 0, NULL, "the file, plain or gzip", NULL,
     false},
    {"test_path", MU_STRING, MU_OPTION, offsetof(struct options, test_path), "", 0, 0, "null", "a file of test rows",
     NULL, false},
    {"test_fraction", MU_REAL, MU_OPTION, offsetof(struct options, test_fraction), "of the rows", 0, 1, "0.2",
     "rows held out for tests if there is no test_path", NULL, false},
    {"features", MU_INT, MU_OPTION, offsetof(struct options, features), "", 1, MAX_INDEX, "null",
     "numbers per row; null: the largest index", NULL, false},
    {"task", MU_ENUM, MU_OPTION, offsetof(struct options, task), "", 0, 0, "\"classification\"",
     "classes are numbered in the order of the labels", mu_table_tasks, false},
    {0},
};

struct entry {
    uint32_t index; /* from 0 */
    float value;
};

/* The rows of both files, sparse. */
struct reader {
    struct mu_lines lines;
    struct mu_labels labels;
    struct entry *entry;
    size_t *end; /* of each row's entries */
    size_t entries, entry_capacity, end_capacity, features;
    size_t limit; /* on indices */
};

/* The next word, cut off by a NUL; NULL at the end of the line. */
static char *next_word(char **at) {
    char *const word = *at + strspn(*at, " \t\r");
    if (*word == '\0') {
        return NULL;
    }
    char *const end = word + strcspn(word, " \t\r");
    *at = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

static int add_entry(struct reader *r, char *word, size_t *last, struct mu_err *err) {
    char *const colon = strchr(word, ':');
    double index = 0, value = 0;
    if (colon == NULL) {
        return mu_lines_fail(&r->lines, err, "\"%.40s\" is not index:value", word);
    }
    *colon = '\0';
    if (!mu_is_number(word, strlen(word), &index) || index != floor(index) || index < 1) {
        return mu_lines_fail(&r->lines, err, "the index \"%.40s\" is not an integer from 1", word);
    }
    if (index > (double)r->limit) {
        return mu_lines_fail(&r->lines, err, "the index %.0f is above %zu", index, r->limit);
    }
    if ((size_t)index <= *last) {
        return mu_lines_fail(&r->lines, err, "the index %.0f does not ascend", index);
    }
    if (!mu_is_number(colon + 1, strlen(colon + 1), &value) || !isfinite((float)value)) {
        return mu_lines_fail(&r->lines, err, "the value \"%.40s\" is not a number", colon + 1);
    }
    *last = (size_t)index;
    void *grown = r->entry;
    const int rc = mu_grow(&grown, &r->entry_capacity, r->entries + 1, sizeof *r->entry, err);
    r->entry = grown;
    MU_TRY(rc);
    r->entry[r->entries++] = (struct entry){(uint32_t)index - 1, (float)value};
    return MU_OK;
}

static int take_line(struct reader *r, char *line, size_t n, struct mu_err *err) {
    if (strlen(line) != n) {
        return mu_lines_fail(&r->lines, err, "a NUL byte in a text file");
    }
    line[strcspn(line, "#")] = '\0';
    char *word = next_word(&line);
    if (word == NULL) {
        return MU_OK;
    }
    double number = 0;
    if (!mu_is_number(word, strlen(word), &number)) {
        return mu_lines_fail(&r->lines, err, "the label \"%.40s\" is not a number", word);
    }
    void *grown = r->end;
    const int rc = mu_grow(&grown, &r->end_capacity, r->labels.n + 1, sizeof *r->end, err);
    r->end = grown;
    MU_TRY(rc);
    size_t last = 0;
    MU_TRY(mu_labels_add(&r->labels, &r->lines, word, strlen(word), err));
    while ((word = next_word(&line)) != NULL) {
        MU_TRY(add_entry(r, word, &last, err));
    }
    r->features = last > r->features ? last : r->features;
    r->end[r->labels.n - 1] = r->entries;
    return MU_OK;
}

static int read_file(struct reader *r, const char *path, struct mu_err *err) {
    int rc = mu_lines_open(&r->lines, path, err);
    while (rc == MU_OK) {
        char *line = NULL;
        size_t n = 0;
        if ((rc = mu_lines_next(&r->lines, &line, &n, err)) != MU_OK || line == NULL) {
            break;
        }
        rc = take_line(r, line, n, err);
    }
    mu_lines_close(&r->lines);
    return rc;
}

static void fill_part(const struct reader *r, struct mu_part *part, const uint32_t *row, size_t features) {
    memset(part->x, 0, part->n * features * sizeof(float));
    for (size_t i = 0; i < part->n; i++) {
        float *const x = (float *)part->x + i * features;
        for (size_t k = row[i] > 0 ? r->end[row[i] - 1] : 0; k < r->end[row[i]]; k++) {
            x[r->entry[k].index] = r->entry[k].value;
        }
    }
}

static int fill_pool(struct reader *r, const struct options *o, const struct mu_split *split, struct mu_pool *pool,
                     struct mu_err *err) {
    pool->task.kind = o->task == MU_TABLE_CLASSIFICATION ? MU_CLASSIFICATION : MU_REGRESSION;
    pool->task.features = pool->width = o->features != MU_UNSET ? (size_t)o->features : r->features;
    pool->elem = MU_F32;
    if (pool->width == 0) {
        return mu_fail(err, MU_BAD_CONFIG, o->path, "no row has a feature");
    }
    MU_TRY(mu_pool_fits(split->train_n + split->test_n, pool->width, sizeof(float), o->path, err));
    MU_TRY(mu_labels_finish(&r->labels, o->path, &pool->task.classes, err));
    MU_TRY(mu_table_parts(pool, split, &r->labels, err));
    fill_part(r, &pool->train, split->row, pool->width);
    fill_part(r, &pool->test, split->row + split->train_n, pool->width);
    return MU_OK;
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    struct reader r = {.limit = o->features != MU_UNSET ? (size_t)o->features : MAX_INDEX};
    struct mu_split split = {0};
    r.labels.task = (enum mu_table_task)o->task;
    int rc = read_file(&r, o->path, err);
    const size_t first = r.labels.n;
    if (rc == MU_OK && o->test_path != NULL) {
        rc = read_file(&r, o->test_path, err);
    }
    if (rc == MU_OK) {
        rc = mu_split_new(&split, first, r.labels.n - first, o->test_path != NULL, o->test_fraction, call,
                          first > 0 && o->test_path != NULL ? o->test_path : o->path, err);
    }
    rc = rc == MU_OK ? fill_pool(&r, o, &split, pool, err) : rc;
    mu_free(split.row);
    mu_free(r.entry);
    mu_free(r.end);
    mu_labels_clear(&r.labels);
    return rc;
}

const struct mu_source mu_source_libsvm = {
    .kind = {.name = "libsvm",
             .summary = "sparse text rows, label index:value ...",
             .reference = "Chang and Lin 2011",
             .group = {fields, sizeof(struct options), NULL}},
    .load = load,
};
