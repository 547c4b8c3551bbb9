/* Fashion-MNIST by name: 60,000 + 10,000 grey images of 28 x 28 pixels in 10 classes of clothing. */
#include "idx.h"
#include "muster/base/mem.h"
#include "read/bytes.h"

static const char debian_dir[] = "/usr/share/datasets/fashion-mnist";

struct options {
    char *path;
};

static const struct mu_field fields[] = {
    {"path", MU_STRING, MU_OPTION, offsetof(struct options, path), "", 0, 0, "null",
     "directory of the four IDX files; null: $MUSTER_DATA, else Debian's /usr/share/datasets/fashion-mnist", NULL,
     false},
    {0},
};

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    char dir[sizeof((struct mu_bytes *)0)->path];
    char *path[MU_IDX_FILES] = {NULL};
    mu_dataset_dir(o->path, "fashion-mnist", debian_dir, dir);
    int rc = mu_is_dir(dir) ? mu_idx_find(dir, path, err) : MU_OK;
    for (size_t i = 0; i < MU_IDX_FILES && rc == MU_OK; i++) {
        if (path[i] == NULL) {
            mu_fail(err, MU_BAD_CONFIG, dir,
                    mu_is_dir(dir) ? "the Fashion-MNIST files are not all in this directory"
                                   : "the Fashion-MNIST data set is not there");
            rc =
                mu_fail_help(err, "apt-get install dataset-fashion-mnist, or set data.path or the environment variable "
                                  "MUSTER_DATA to a directory with the four IDX files");
        }
    }
    rc = rc == MU_OK ? mu_idx_load((const char *const *)path, pool, err) : rc;
    for (size_t i = 0; i < MU_IDX_FILES; i++) {
        mu_free(path[i]);
    }
    return rc;
}

const struct mu_source mu_source_fashion_mnist = {
    .kind = {.name = "fashion-mnist",
             .summary = "60,000 + 10,000 images of clothing, 28 x 28 pixels, 10 classes",
             .reference = "Xiao, Rasul and Vollgraf 2017",
             .group = {fields, sizeof(struct options), NULL}},
    .load = load,
};
