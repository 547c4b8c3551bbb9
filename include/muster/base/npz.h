/* NumPy's array files: one array (.npy) and several in a zip archive (.npz), readable by numpy.load.
 * Archives are written through libzip, stored, with a fixed date: the same arrays give the same bytes. */
#ifndef MUSTER_BASE_NPZ_H
#define MUSTER_BASE_NPZ_H

#include <stddef.h>

#include "muster/base/err.h"

enum mu_elem { MU_U8, MU_I32, MU_I64, MU_F32, MU_F64 };

enum { MU_MAX_AXES = 4 };

/* A dense array in C order. `name` and `data` belong to whoever made it; see the functions. */
struct mu_array {
    char name[64];
    enum mu_elem elem;
    size_t axes; /* 0..MU_MAX_AXES; 0 is a scalar */
    size_t shape[MU_MAX_AXES];
    void *data;
};

/* Bytes of one element. */
size_t mu_elem_bytes(enum mu_elem elem);

/* Number of elements. */
size_t mu_array_count(const struct mu_array *array);

/* Writes one array to `path` (temporary file, fsync, rename). The array is borrowed. */
int mu_npy_write(const char *path, const struct mu_array *array, struct mu_err *err);

/* Reads an array of one of the element types above, little-endian, C order. array->data is the
 * caller's to mu_free, array->name is "". Anything else, such as a shape that does not agree with the file's size, is
 * MU_BAD_CONFIG naming the file and the byte offset. */
int mu_npy_read(const char *path, struct mu_array *array, struct mu_err *err);

/* Writes n >= 1 arrays of different names to `path` as name.npy members, in the order given; the file appears complete
 * or not at all. */
int mu_npz_write(const char *path, size_t n, const struct mu_array *array, struct mu_err *err);

/* The same without waiting for the disk. */
int mu_npz_publish(const char *path, size_t n, const struct mu_array *array, struct mu_err *err);

/* Reads every member, stored or deflated. A wrong checksum or a name that is there twice is MU_BAD_CONFIG. *array and
 * each data are the caller's: release them with mu_npz_free. */
int mu_npz_read(const char *path, size_t *n, struct mu_array **array, struct mu_err *err);
void mu_npz_free(size_t n, struct mu_array *array);

#endif
