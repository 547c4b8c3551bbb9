/* IDX, the format of MNIST, EMNIST and Fashion-MNIST (yann.lecun.com/exdb/mnist): a big-endian header of the magic
 * number 0, 0, type, axes and one uint32 per axis, then the numbers. Only unsigned bytes (type 8) are images here. */
#include "idx.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "muster/base/mem.h"
#include "muster/base/parallel.h"
#include "read/bytes.h"

enum { IDX_U8 = 8, MAX_AXES = 4 };

/* Reads the header: the length of the first axis, and the product of the others. */
static int read_header(struct mu_bytes *stream, size_t min_axes, size_t max_axes, const char *what, size_t *n,
                       size_t *width, struct mu_err *err) {
    unsigned char word[4];
    MU_TRY(mu_bytes_read(stream, word, 4, "the magic number", err));
    const size_t axes = word[3];
    if (word[0] != 0 || word[1] != 0 || word[2] != IDX_U8 || axes < min_axes || axes > max_axes) {
        return mu_bytes_fail(stream, 0, err,
                             "magic number 0x%02x%02x%02x%02x is not that of IDX %s of unsigned bytes (0x0000080%zu)",
                             word[0], word[1], word[2], word[3], what, min_axes);
    }
    *n = 0;
    *width = 1;
    for (size_t a = 0; a < axes; a++) {
        MU_TRY(mu_bytes_read(stream, word, 4, "the sizes", err));
        const size_t length = (size_t)word[0] << 24 | (size_t)word[1] << 16 | (size_t)word[2] << 8 | word[3];
        if (length == 0) {
            return mu_bytes_fail(stream, 4 + 4 * a, err, "axis %zu has length 0", a);
        }
        if (a == 0) {
            *n = length;
        } else if (__builtin_mul_overflow(*width, length, width)) {
            return mu_bytes_fail(stream, 4 + 4 * a, err, "the sizes overflow");
        }
    }
    size_t bytes = 0;
    if (__builtin_mul_overflow(*n, *width, &bytes)) {
        return mu_bytes_fail(stream, 4, err, "the sizes overflow");
    }
    return mu_bytes_holds(stream, bytes, what, err);
}

/* `shape` is that of the pool; its width becomes that of the images. */
static int read_images(const char *path, struct mu_pool *shape, struct mu_part *part, struct mu_err *err) {
    struct mu_bytes stream = {0};
    int rc = mu_bytes_open(&stream, path, err);
    if (rc != MU_OK || (rc = read_header(&stream, 3, MAX_AXES, "images", &part->n, &shape->width, err)) != MU_OK) {
        goto done;
    }
    if ((rc = mu_part_new(part, shape, part->n, err)) != MU_OK ||
        (rc = mu_bytes_read_block(&stream, &part->x, part->n * shape->width, "the images", err)) != MU_OK) {
        goto done;
    }
    rc = mu_bytes_end(&stream, err);
done:
    mu_bytes_close(&stream);
    return rc;
}

static int read_labels(const char *path, const char *images, struct mu_part *part, struct mu_err *err) {
    struct mu_bytes stream = {0};
    size_t n = 0, width = 0;
    unsigned char *bytes = NULL;
    int rc = mu_bytes_open(&stream, path, err);
    if (rc != MU_OK || (rc = read_header(&stream, 1, 1, "labels", &n, &width, err)) != MU_OK) {
        goto done;
    }
    if (n != part->n) {
        rc = mu_bytes_fail(&stream, 4, err, "%zu labels for the %zu images of %s", n, part->n, images);
        goto done;
    }
    if ((bytes = mu_alloc(n, 1, err)) == NULL) {
        rc = err->code;
        goto done;
    }
    if ((rc = mu_bytes_read(&stream, bytes, n, "the labels", err)) != MU_OK ||
        (rc = mu_bytes_end(&stream, err)) != MU_OK) {
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        part->label[i] = bytes[i];
    }
done:
    mu_free(bytes);
    mu_bytes_close(&stream);
    return rc;
}

static size_t count_classes(const struct mu_part *part, size_t classes) {
    for (size_t i = 0; i < part->n; i++) {
        const size_t need = (size_t)part->label[i] + 1;
        classes = need > classes ? need : classes;
    }
    return classes;
}

/* The rows to train on, or to test with. */
struct half {
    const char *images, *labels; /* NULL: there are none */
    struct mu_pool shape;
    struct mu_part *part;
    struct mu_err err;
};

static void read_half(void *halves, size_t k) {
    struct half *const h = (struct half *)halves + k;
    if (h->images != NULL && read_images(h->images, &h->shape, h->part, &h->err) == MU_OK) {
        (void)read_labels(h->labels, h->images, h->part, &h->err);
    }
}

int mu_idx_load(const char *const path[static MU_IDX_FILES], struct mu_pool *pool, struct mu_err *err) {
    pool->task.kind = MU_CLASSIFICATION;
    pool->elem = MU_U8;
    pool->scale = 1.0 / 255;
    struct half half[2] = {{.images = path[0], .labels = path[1], .shape = *pool, .part = &pool->train},
                           {.images = path[2], .labels = path[3], .shape = *pool, .part = &pool->test}};
    mu_parallel(2, read_half, half);
    for (size_t k = 0; k < 2; k++) {
        if (half[k].err.code != MU_OK) {
            *err = half[k].err;
            return err->code;
        }
    }
    pool->width = half[0].shape.width;
    if (path[2] != NULL && half[1].shape.width != pool->width) {
        char place[sizeof err->place];
        snprintf(place, sizeof place, "%s: byte 8", path[2]);
        return mu_fail(err, MU_BAD_CONFIG, place, "images of %zu pixels, but those to train on have %zu",
                       half[1].shape.width, pool->width);
    }
    pool->task.features = pool->width;
    pool->task.classes = count_classes(&pool->test, count_classes(&pool->train, 0));
    return MU_OK;
}

/* True for [prefix]PART-KIND(-|.)idxN-ubyte[.gz]; MNIST's test files are t10k-..., EMNIST's are test-... */
static bool name_fits(const char *name, size_t file) {
    static const char *const part[2][2] = {{"train", "train"}, {"t10k", "test"}};
    static const char *const kind[2] = {"images", "labels"};
    static const int axes[2] = {3, 1};
    for (size_t v = 0; v < 2; v++) {
        for (size_t separator = 0; separator < 2; separator++) {
            char middle[64];
            snprintf(middle, sizeof middle, "%s-%s%cidx%d-ubyte", part[file / 2][v], kind[file % 2], "-."[separator],
                     axes[file % 2]);
            const char *const at = strstr(name, middle);
            const char *const end = at != NULL ? at + strlen(middle) : NULL;
            if (at != NULL && (at == name || at[-1] == '-') && (*end == '\0' || strcmp(end, ".gz") == 0)) {
                return true;
            }
        }
    }
    return false;
}

/* Equal but for a trailing .gz. */
static bool same_but_packed(const char *a, const char *b) {
    const size_t na = strlen(a), nb = strlen(b), common = na < nb ? na : nb;
    const char *const rest = na < nb ? b + common : a + common;
    return strncmp(a, b, common) == 0 && strcmp(rest, ".gz") == 0;
}

static int add_candidate(char **slot, const char *dir, const char *name, struct mu_err *err) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (*slot != NULL && !same_but_packed(*slot, path)) {
        /* readdir's order is the file system's: name the two in an order of their own. */
        const char *const other = strrchr(*slot, '/') + 1;
        const bool first = strcmp(name, other) < 0;
        mu_fail(err, MU_BAD_CONFIG, dir, "both %s and %s could be meant", first ? name : other, first ? other : name);
        return mu_fail_help(err,
                            "name the files: source idx with train_images, train_labels, test_images, test_labels");
    }
    if (*slot != NULL && strlen(*slot) < strlen(path)) {
        return MU_OK; /* the plain file is there already */
    }
    mu_free(*slot);
    *slot = mu_strdup(path, err);
    return *slot != NULL ? MU_OK : err->code;
}

int mu_idx_find(const char *dir, char *path[static MU_IDX_FILES], struct mu_err *err) {
    DIR *const handle = opendir(dir);
    if (handle == NULL) {
        return mu_fail(err, MU_BAD_CONFIG, dir, "%s", strerror(errno));
    }
    int rc = MU_OK;
    for (const struct dirent *entry; rc == MU_OK && (entry = readdir(handle)) != NULL;) {
        for (size_t file = 0; file < MU_IDX_FILES && rc == MU_OK; file++) {
            if (name_fits(entry->d_name, file)) {
                rc = add_candidate(&path[file], dir, entry->d_name, err);
            }
        }
    }
    closedir(handle);
    return rc;
}

struct options {
    char *path, *train_images, *train_labels, *test_images, *test_labels;
};

static const struct mu_field fields[] = {
    {"path", MU_STRING, MU_OPTION, offsetof(struct options, path), "", 0, 0, "null",
     "directory with files named as MNIST's (...train-images-idx3-ubyte[.gz] and so on)", NULL, false},
    {"train_images", MU_STRING, MU_OPTION, offsetof(struct options, train_images), "", 0, 0, "null",
     "file of training images, plain or gzip", NULL, false},
    {"train_labels", MU_STRING, MU_OPTION, offsetof(struct options, train_labels), "", 0, 0, "null",
     "file of training labels", NULL, false},
    {"test_images", MU_STRING, MU_OPTION, offsetof(struct options, test_images), "", 0, 0, "null",
     "file of test images; without one there are no test rows", NULL, false},
    {"test_labels", MU_STRING, MU_OPTION, offsetof(struct options, test_labels), "", 0, 0, "null",
     "file of test labels", NULL, false},
    {0},
};

static int check_options(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct options *const o = values;
    char place[512];
    if (o->path == NULL && (o->train_images == NULL || o->train_labels == NULL)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL),
                       "idx needs path, or train_images and train_labels");
    }
    if (o->path == NULL && (o->test_images == NULL) != (o->test_labels == NULL)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL),
                       "test_images and test_labels go together");
    }
    return MU_OK;
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    static const char *const usual[MU_IDX_FILES] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    const struct options *const o = call->options;
    const char *const named[MU_IDX_FILES] = {o->train_images, o->train_labels, o->test_images, o->test_labels};
    const char *chosen[MU_IDX_FILES];
    char *found[MU_IDX_FILES] = {NULL};
    int rc = o->path != NULL ? mu_idx_find(o->path, found, err) : MU_OK;
    for (size_t i = 0; i < MU_IDX_FILES; i++) {
        chosen[i] = named[i] != NULL ? named[i] : found[i];
    }
    for (size_t i = 0; i < MU_IDX_FILES && rc == MU_OK; i++) {
        const bool needed = i < 2 || chosen[5 - i] != NULL; /* 2 and 3 go together */
        if (needed && chosen[i] == NULL) {
            rc = mu_fail(err, MU_BAD_CONFIG, o->path, "no file like %s[.gz] in this directory", usual[i]);
        }
    }
    rc = rc == MU_OK ? mu_idx_load(chosen, pool, err) : rc;
    for (size_t i = 0; i < MU_IDX_FILES; i++) {
        mu_free(found[i]);
    }
    return rc;
}

const struct mu_source mu_source_idx = {
    .kind = {.name = "idx",
             .summary = "IDX files of images and labels, plain or gzip: MNIST, EMNIST, Fashion-MNIST",
             .reference = "LeCun, Cortes and Burges, The MNIST database",
             .group = {fields, sizeof(struct options), check_options}},
    .load = load,
};
