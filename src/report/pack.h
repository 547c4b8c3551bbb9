/* Numbers as text that a browser reads at once into a typed array: base64 of their little-endian bytes. Ten times as
 * fast to load as JSON numbers, and a third of the size. */
#ifndef MUSTER_REPORT_PACK_H
#define MUSTER_REPORT_PACK_H

#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

enum mu_pack {
    MU_PACK_F32 = 4, /* seven digits: what is drawn */
    MU_PACK_F64 = 8, /* times that are zoomed into */
};

/* Adds member `key`: a string of the digit 4 or 8, the width of a number, and then the base64. */
int mu_pack_add(struct cJSON *object, const char *key, size_t n, const double *value, enum mu_pack as,
                struct mu_err *err);

#endif
