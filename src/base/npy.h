/* The inside of a .npy file, wherever its bytes are: in a file of its own or in a member of a zip archive. */
#ifndef MUSTER_BASE_NPY_H
#define MUSTER_BASE_NPY_H

#include <stddef.h>

#include "muster/base/npz.h"

/* Room for magic, version and a dictionary of MU_MAX_AXES axes of 20 digits; a multiple of 64. */
enum { MU_NPY_HEADER_BYTES = 192 };

/* Formats an array's header; returns its length, a multiple of 64. */
size_t mu_npy_header(const struct mu_array *array, char header[MU_NPY_HEADER_BYTES]);

/* Bytes to be read from first to last. */
struct mu_npy_source {
    const char *place; /* for messages: the file, or the file and the member */
    size_t size;       /* how many there are, or claim to be; got must not exceed it */
    void *handle;
    /* Reads up to n bytes, fewer only at the end. */
    int (*read)(const struct mu_npy_source *source, void *buf, size_t n, size_t *got, struct mu_err *err);
};

/* Reads an array; its name is "", its data the caller's to mu_free. */
int mu_npy_load(const struct mu_npy_source *source, struct mu_array *array, struct mu_err *err);

#endif
