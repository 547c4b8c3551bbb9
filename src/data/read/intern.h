/* Distinct strings, numbered from 0 in the order they first appear: class names and column values. */
#ifndef MUSTER_DATA_INTERN_H
#define MUSTER_DATA_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

/* Zero-initialised. */
struct mu_intern {
    char *text;     /* the strings, NUL-terminated, one after the other */
    size_t *at;     /* where each begins */
    uint32_t *slot; /* open addressing: id + 1, or 0 */
    size_t n, text_n, slots;
    size_t text_capacity, at_capacity;
};

/* *id of the string of n bytes, which is copied if it is new. */
int mu_intern_add(struct mu_intern *intern, const char *text, size_t n, uint32_t *id, struct mu_err *err);

/* Borrowed until the next addition. */
const char *mu_intern_text(const struct mu_intern *intern, uint32_t id);

void mu_intern_clear(struct mu_intern *intern);

#endif
