/* CIFAR-10 and CIFAR-100, the binary versions (www.cs.toronto.edu/~kriz/cifar.html): records of one label byte
 * (CIFAR-100: coarse, then fine) and 3072 pixels, 1024 red, 1024 green, 1024 blue. Files may be gzip. */
#include <stdio.h>
#include <string.h>

#include "muster/base/mem.h"
#include "read/bytes.h"
#include "source.h"

enum { PIXELS = 3072, MAX_FILES = 5, READ_RECORDS = 100 };

/* One of the two data sets, or one way to read it. */
struct variant {
    const char *folder;
    const char *train[MAX_FILES], *test;
    size_t train_files, label_bytes, label_at, classes;
};

static const struct variant cifar10 = {
    .folder = "cifar-10-batches-bin",
    .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
    .test = "test_batch.bin",
    .train_files = 5,
    .label_bytes = 1,
    .label_at = 0,
    .classes = 10,
};

static const struct variant cifar100[] = {
    {.folder = "cifar-100-binary",
     .train = {"train.bin"},
     .test = "test.bin",
     .train_files = 1,
     .label_bytes = 2,
     .label_at = 1,
     .classes = 100},
    {.folder = "cifar-100-binary",
     .train = {"train.bin"},
     .test = "test.bin",
     .train_files = 1,
     .label_bytes = 2,
     .label_at = 0,
     .classes = 20},
};

/* Grows while it reads: a packed file does not say how much it holds. */
struct records {
    size_t n, x_capacity, label_capacity;
    void *x, *label;
};

static int add_record(struct records *r, const struct variant *v, const unsigned char *record,
                      const struct mu_bytes *stream, uint64_t offset, struct mu_err *err) {
    const unsigned char label = record[v->label_at];
    if (label >= v->classes) {
        return mu_bytes_fail(stream, offset + v->label_at, err, "label %u is not in 0..%zu", label, v->classes - 1);
    }
    MU_TRY(mu_grow(&r->x, &r->x_capacity, (r->n + 1) * PIXELS, 1, err));
    MU_TRY(mu_grow(&r->label, &r->label_capacity, r->n + 1, sizeof(int32_t), err));
    memcpy((unsigned char *)r->x + r->n * PIXELS, record + v->label_bytes, PIXELS);
    ((int32_t *)r->label)[r->n++] = label;
    return MU_OK;
}

static int read_records(struct mu_bytes *stream, const struct variant *v, struct records *r, unsigned char *buffer,
                        struct mu_err *err) {
    const size_t record = v->label_bytes + PIXELS;
    for (;;) {
        const uint64_t offset = stream->offset;
        size_t got = 0;
        MU_TRY(mu_bytes_some(stream, buffer, READ_RECORDS * record, &got, err));
        if (got % record != 0) {
            return mu_bytes_fail(stream, offset + got - got % record, err,
                                 "truncated: the last record has %zu bytes of %zu", got % record, record);
        }
        for (size_t at = 0; at < got; at += record) {
            MU_TRY(add_record(r, v, buffer + at, stream, offset + at, err));
        }
        if (got == 0) {
            return stream->offset > 0 ? MU_OK : mu_bytes_fail(stream, 0, err, "truncated: the file is empty");
        }
    }
}

static int read_file(const char *dir, const char *name, const struct variant *v, struct records *r,
                     struct mu_err *err) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (!mu_is_file(path)) {
        snprintf(path, sizeof path, "%s/%s.gz", dir, name);
    }
    if (!mu_is_file(path)) {
        mu_fail(err, MU_BAD_CONFIG, dir, "there is no %s or %s.gz in this directory", name, name);
        return mu_fail_help(err, "set data.path or the environment variable MUSTER_DATA to the directory of the binary "
                                 "version, from https://www.cs.toronto.edu/~kriz/cifar.html");
    }
    struct mu_bytes stream = {0};
    unsigned char *const buffer = mu_alloc(READ_RECORDS, v->label_bytes + PIXELS, err);
    int rc = buffer != NULL ? mu_bytes_open(&stream, path, err) : err->code;
    rc = rc == MU_OK ? read_records(&stream, v, r, buffer, err) : rc;
    mu_bytes_close(&stream);
    mu_free(buffer);
    return rc;
}

/* Moves the records into the part, whatever the outcome. */
static int read_part(const char *dir, const char *const *name, size_t files, const struct variant *v,
                     struct mu_part *part, struct mu_err *err) {
    struct records r = {0};
    int rc = MU_OK;
    for (size_t i = 0; i < files && rc == MU_OK; i++) {
        rc = read_file(dir, name[i], v, &r, err);
    }
    *part = (struct mu_part){.n = r.n, .x = r.x, .label = r.label};
    return rc;
}

static int load_variant(const struct variant *v, const char *path, struct mu_pool *pool, struct mu_err *err) {
    char dir[sizeof((struct mu_bytes *)0)->path];
    if (!mu_dataset_dir(path, v->folder, NULL, dir)) {
        mu_fail(err, MU_BAD_CONFIG, "", "the CIFAR files are not a package of Debian: say where they are");
        return mu_fail_help(err, "set data.path or the environment variable MUSTER_DATA to the directory of the binary "
                                 "version, from https://www.cs.toronto.edu/~kriz/cifar.html");
    }
    pool->task = (struct mu_task){.kind = MU_CLASSIFICATION, .features = PIXELS, .classes = v->classes};
    pool->width = PIXELS;
    pool->elem = MU_U8;
    pool->scale = 1.0 / 255;
    MU_TRY(read_part(dir, v->train, v->train_files, v, &pool->train, err));
    return read_part(dir, &v->test, 1, v, &pool->test, err);
}

struct options {
    char *path;
    int labels; /* CIFAR-100 */
};

static const char *const label_words[] = {"fine", "coarse", NULL};

#define PATH_FIELD                                                                           \
    {                                                                                        \
        "path", MU_STRING, MU_OPTION, offsetof(struct options, path), "", 0, 0, "null",      \
            "directory of the .bin files, or the one above; null: $MUSTER_DATA", NULL, false \
    }

static const struct mu_field fields10[] = {PATH_FIELD, {0}};
static const struct mu_field fields100[] = {
    PATH_FIELD,
    {"labels", MU_ENUM, MU_OPTION, offsetof(struct options, labels), "", 0, 0, "\"fine\"",
     "100 fine classes or 20 coarse ones", label_words, false},
    {0},
};

static int load10(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    return load_variant(&cifar10, ((const struct options *)call->options)->path, pool, err);
}

static int load100(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    return load_variant(&cifar100[o->labels], o->path, pool, err);
}

const struct mu_source mu_source_cifar10 = {
    .kind = {.name = "cifar10",
             .summary = "50,000 + 10,000 colour images, 32 x 32 pixels, 10 classes (binary version)",
             .reference = "Krizhevsky 2009",
             .group = {fields10, sizeof(struct options), NULL}},
    .load = load10,
};

const struct mu_source mu_source_cifar100 = {
    .kind = {.name = "cifar100",
             .summary = "50,000 + 10,000 colour images, 32 x 32 pixels, 100 or 20 classes (binary version)",
             .reference = "Krizhevsky 2009",
             .group = {fields100, sizeof(struct options), NULL}},
    .load = load100,
};
