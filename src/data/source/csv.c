/* CSV through libcsv (RFC 4180, quotes and all), plain or gzip. Every column but the label and the one that names
 * clients is a feature and must be a number; features are standardised with the mean and standard deviation of the
 * training rows, in float64, and kept as float32. */
#include <csv.h>
#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "read/table.h"

struct options {
    char *path, *test_path, *label, *delimiter;
    double test_fraction;
    bool header, standardize;
    int task;
};

static const struct mu_field fields[] = {
    {"path", MU_STRING, MU_OPTION, offsetof(struct options, path), "", 0, 0, NULL, "the file, plain or gzip", NULL,
     false},
    {"test_path", MU_STRING, MU_OPTION, offsetof(struct options, test_path), "", 0, 0, "null",
     "a file of test rows with the same columns", NULL, false},
    {"test_fraction", MU_REAL, MU_OPTION, offsetof(struct options, test_fraction), "of the rows", 0, 1, "0.2",
     "rows held out for tests if there is no test_path", NULL, false},
    {"header", MU_BOOL, MU_OPTION, offsetof(struct options, header), "", 0, 0, "true",
     "the first line names the columns", NULL, false},
    {"label", MU_STRING, MU_OPTION, offsetof(struct options, label), "", 0, 0, "\"-1\"",
     "name of the label's column, or its number from \"0\"; \"-1\" is the last", NULL, false},
    {"task", MU_ENUM, MU_OPTION, offsetof(struct options, task), "", 0, 0, "\"classification\"",
     "classes are numbered in the order of the labels", mu_table_tasks, false},
    {"standardize", MU_BOOL, MU_OPTION, offsetof(struct options, standardize), "", 0, 0, "true",
     "give every feature mean 0 and standard deviation 1 over the training rows", NULL, false},
    {"delimiter", MU_STRING, MU_OPTION, offsetof(struct options, delimiter), "", 0, 0, "\",\"",
     "one character between fields", NULL, false},
    {0},
};

enum { NO_COLUMN = -1 };

/* All rows of both files as they are read. */
struct reader {
    const struct options *options;
    const struct mu_load *call;
    struct mu_lines lines;
    struct mu_err *err;
    int rc;           /* first failure inside a libcsv callback */
    bool header_next; /* the next row names the columns */
    size_t columns;   /* 0: not known yet */
    int64_t label, group;
    char *text; /* the fields of the current row, NUL-terminated */
    size_t *end;
    size_t text_n, text_capacity, fields_n, end_capacity;
    struct mu_intern names;
    size_t rows, numbers, x_capacity, group_capacity;
    double *x; /* rows x features */
    uint32_t *group_id;
    struct mu_labels labels;
    struct mu_intern groups;
};

static const char *field_text(const struct reader *r, size_t i, size_t *n) {
    const size_t from = i > 0 ? r->end[i - 1] + 1 : 0;
    *n = r->end[i] - from;
    return r->text + from;
}

static void take_field(void *bytes, size_t n, void *context) {
    struct reader *const r = context;
    if (r->rc != MU_OK) {
        return;
    }
    void *grown = r->text;
    r->rc = mu_grow(&grown, &r->text_capacity, r->text_n + n + 1, 1, r->err);
    r->text = grown;
    if (r->rc != MU_OK) {
        return;
    }
    grown = r->end;
    r->rc = mu_grow(&grown, &r->end_capacity, r->fields_n + 1, sizeof *r->end, r->err);
    r->end = grown;
    if (r->rc != MU_OK) {
        return;
    }
    if (n > 0) {
        memcpy(r->text + r->text_n, bytes, n);
    }
    r->text[r->text_n + n] = '\0';
    r->end[r->fields_n++] = r->text_n + n;
    r->text_n += n + 1;
}

/* The number of a column given by its name in the header, or by its number, negative from the end. */
static int find_column(const struct reader *r, const char *column, const char *field, int64_t *at) {
    for (size_t i = 0; i < r->fields_n && r->header_next; i++) {
        size_t n = 0;
        if (strcmp(field_text(r, i, &n), column) == 0) {
            *at = (int64_t)i;
            return MU_OK;
        }
    }
    double number = 0;
    const double columns = (double)r->fields_n;
    if (!mu_is_number(column, strlen(column), &number) || number != floor(number) || number >= columns ||
        number < -columns) {
        return mu_data_fail(r->call->file, field, r->err, "%s has no column \"%s\" among its %zu%s",
                            r->lines.stream.path, column, r->fields_n,
                            r->header_next ? "" : " (without a header, give its number)");
    }
    *at = (int64_t)(number < 0 ? number + columns : number);
    return MU_OK;
}

/* Settles the columns with the first row of the first file. */
static int learn_columns(struct reader *r) {
    r->columns = r->fields_n;
    MU_TRY(find_column(r, r->options->label, "label", &r->label));
    if (r->call->group_column != NULL) {
        MU_TRY(find_column(r, r->call->group_column, "partition/column", &r->group));
    }
    if (r->group == r->label) {
        return mu_data_fail(r->call->file, "partition/column", r->err, "this column is the label");
    }
    if (r->columns < (r->group != NO_COLUMN ? 3u : 2u)) {
        mu_lines_fail(&r->lines, r->err, "%zu columns leave no features", r->columns);
        return mu_fail_help(r->err, "fields are separated by \"%s\": is data.delimiter right?", r->options->delimiter);
    }
    for (size_t i = 0; i < r->columns && r->header_next; i++) {
        size_t n = 0;
        uint32_t id = 0;
        const char *const name = field_text(r, i, &n);
        MU_TRY(mu_intern_add(&r->names, name, n, &id, r->err));
        if (id != i) {
            return mu_lines_fail(&r->lines, r->err, "two columns are called \"%.40s\"", name);
        }
    }
    return MU_OK;
}

/* The test file's header must be the training file's. */
static int compare_header(const struct reader *r) {
    for (size_t i = 0; i < r->fields_n && i < r->names.n; i++) {
        size_t n = 0;
        const char *const name = field_text(r, i, &n), *const expected = mu_intern_text(&r->names, (uint32_t)i);
        if (strcmp(name, expected) != 0) {
            return mu_lines_fail(&r->lines, r->err, "column %zu is \"%.40s\", but \"%.40s\" in the training file", i,
                                 name, expected);
        }
    }
    return MU_OK;
}

static int add_number(struct reader *r, size_t column, const char *text, size_t n) {
    void *grown = r->x;
    const int rc = mu_grow(&grown, &r->x_capacity, r->numbers + 1, sizeof *r->x, r->err);
    r->x = grown;
    MU_TRY(rc);
    if (!mu_is_number(text, n, &r->x[r->numbers])) {
        const char *const name = column < r->names.n ? mu_intern_text(&r->names, (uint32_t)column) : "";
        return n == 0 ? mu_lines_fail(&r->lines, r->err, "column %zu %.40s is empty", column, name)
                      : mu_lines_fail(&r->lines, r->err, "column %zu %.40s: \"%.40s\" is not a number", column, name,
                                      text);
    }
    r->numbers++;
    return MU_OK;
}

static int add_group(struct reader *r, const char *text, size_t n) {
    void *grown = r->group_id;
    const int rc = mu_grow(&grown, &r->group_capacity, r->rows + 1, sizeof *r->group_id, r->err);
    r->group_id = grown;
    MU_TRY(rc);
    return mu_intern_add(&r->groups, text, n, &r->group_id[r->rows], r->err);
}

static int take_values(struct reader *r) {
    for (size_t i = 0; i < r->columns; i++) {
        size_t n = 0;
        const char *const text = field_text(r, i, &n);
        if ((int64_t)i == r->label) {
            MU_TRY(mu_labels_add(&r->labels, &r->lines, text, n, r->err));
        } else if ((int64_t)i == r->group) {
            MU_TRY(add_group(r, text, n));
        } else {
            MU_TRY(add_number(r, i, text, n));
        }
    }
    r->rows++;
    return MU_OK;
}

static int handle_row(struct reader *r) {
    if (r->columns == 0) {
        MU_TRY(learn_columns(r));
    }
    if (r->fields_n != r->columns) {
        return mu_lines_fail(&r->lines, r->err, "%zu fields where %zu are expected", r->fields_n, r->columns);
    }
    return r->header_next ? compare_header(r) : take_values(r);
}

static void take_row(int end, void *context) {
    (void)end;
    struct reader *const r = context;
    if (r->rc == MU_OK) {
        r->rc = handle_row(r);
    }
    r->header_next = false;
    r->text_n = r->fields_n = 0;
}

/* A blank line, which is no row, is passed over by libcsv. */
static int feed_lines(struct reader *r, struct csv_parser *parser) {
    for (;;) {
        char *line = NULL;
        size_t n = 0;
        MU_TRY(mu_lines_next(&r->lines, &line, &n, r->err));
        if (line == NULL) {
            break;
        }
        if (csv_parse(parser, line, n, take_field, take_row, r) != n ||
            csv_parse(parser, "\n", 1, take_field, take_row, r) != 1) {
            return csv_error(parser) == CSV_EPARSE
                       ? mu_lines_fail(&r->lines, r->err, "a quote is out of place")
                       : mu_fail(r->err, MU_RANK_FAILED, NULL, "%s", csv_strerror(csv_error(parser)));
        }
        MU_TRY(r->rc);
    }
    if (csv_fini(parser, take_field, take_row, r) != 0) {
        return mu_lines_fail(&r->lines, r->err, "the file ends inside a quoted field");
    }
    return r->rc;
}

static int read_file(struct reader *r, const char *path) {
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return mu_fail(r->err, MU_RANK_FAILED, NULL, "libcsv does not start");
    }
    csv_set_delim(&parser, (unsigned char)r->options->delimiter[0]);
    r->header_next = r->options->header;
    r->text_n = r->fields_n = 0;
    int rc = mu_lines_open(&r->lines, path, r->err);
    rc = rc == MU_OK ? feed_lines(r, &parser) : rc;
    mu_lines_close(&r->lines);
    csv_free(&parser);
    return rc;
}

/* mean and 1 / standard deviation of a feature over the training rows; a constant feature is only centred. */
static void measure_feature(const double *x, size_t features, const struct mu_split *split, double *mean,
                            double *factor) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < split->train_n; i++) {
        sum += x[split->row[i] * features];
    }
    *mean = sum / (double)split->train_n;
    for (size_t i = 0; i < split->train_n; i++) {
        const double off = x[split->row[i] * features] - *mean;
        squares += off * off;
    }
    const double deviation = sqrt(squares / (double)split->train_n);
    *factor = deviation > 0 ? 1 / deviation : 1;
}

static void fill_feature(struct mu_part *part, const uint32_t *row, const double *x, size_t features, size_t j,
                         double mean, double factor) {
    for (size_t i = 0; i < part->n; i++) {
        ((float *)part->x)[i * features + j] = (float)((x[row[i] * features + j] - mean) * factor);
    }
}

/* Clients are numbered by the first appearance of their value among the training rows. */
static int number_groups(const struct reader *r, const struct mu_split *split, struct mu_pool *pool,
                         struct mu_err *err) {
    uint32_t *const number = mu_alloc(r->groups.n, sizeof *number, err); /* + 1; 0 is not seen yet */
    if (number == NULL || (pool->group = mu_alloc(split->train_n, sizeof *pool->group, err)) == NULL) {
        mu_free(number);
        return err->code;
    }
    for (size_t i = 0; i < split->train_n; i++) {
        uint32_t *const seen = &number[r->group_id[split->row[i]]];
        if (*seen == 0) {
            *seen = ++pool->groups;
        }
        pool->group[i] = *seen - 1;
    }
    mu_free(number);
    return MU_OK;
}

static int fill_pool(struct reader *r, const struct mu_split *split, struct mu_pool *pool) {
    const size_t features = r->columns - (r->group != NO_COLUMN ? 2 : 1);
    pool->task.kind = r->options->task == MU_TABLE_CLASSIFICATION ? MU_CLASSIFICATION : MU_REGRESSION;
    pool->task.features = pool->width = features;
    pool->elem = MU_F32;
    MU_TRY(mu_labels_finish(&r->labels, r->options->path, &pool->task.classes, r->err));
    MU_TRY(mu_table_parts(pool, split, &r->labels, r->err));
    for (size_t j = 0; j < features; j++) {
        double mean = 0, factor = 1;
        if (r->options->standardize) {
            measure_feature(r->x + j, features, split, &mean, &factor);
        }
        fill_feature(&pool->train, split->row, r->x, features, j, mean, factor);
        fill_feature(&pool->test, split->row + split->train_n, r->x, features, j, mean, factor);
    }
    return r->group != NO_COLUMN ? number_groups(r, split, pool, r->err) : MU_OK;
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    struct reader r = {.options = o, .call = call, .err = err, .label = NO_COLUMN, .group = NO_COLUMN};
    struct mu_split split = {0};
    r.labels.task = (enum mu_table_task)o->task;
    int rc = read_file(&r, o->path);
    const size_t first = r.rows;
    if (rc == MU_OK && o->test_path != NULL) {
        rc = read_file(&r, o->test_path);
    }
    if (rc == MU_OK) {
        rc = mu_split_new(&split, first, r.rows - first, o->test_path != NULL, o->test_fraction, call,
                          first > 0 && o->test_path != NULL ? o->test_path : o->path, err);
    }
    rc = rc == MU_OK ? fill_pool(&r, &split, pool) : rc;
    mu_free(split.row);
    mu_free(r.text);
    mu_free(r.end);
    mu_free(r.x);
    mu_free(r.group_id);
    mu_labels_clear(&r.labels);
    mu_intern_clear(&r.names);
    mu_intern_clear(&r.groups);
    return rc;
}

static int check_options(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct options *const o = values;
    char place[512];
    if (strlen(o->delimiter) != 1 || strchr("\"\r\n", o->delimiter[0]) != NULL) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "delimiter"),
                       "expected one character that is no quote and no line end");
    }
    return MU_OK;
}

const struct mu_source mu_source_csv = {
    .kind = {.name = "csv",
             .summary = "a table of numbers with a label column",
             .reference = "RFC 4180",
             .group = {fields, sizeof(struct options), check_options}},
    .columns = true,
    .load = load,
};
