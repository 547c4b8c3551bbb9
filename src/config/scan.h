/* The strict reader in front of cJSON, which accepts more than JSON and does not say where it stopped. */
#ifndef MUSTER_SRC_CONFIG_SCAN_H
#define MUSTER_SRC_CONFIG_SCAN_H

#include <stddef.h>

#include "muster/base/err.h"

/* Bytes of a UTF-8 byte order mark at the start of the text: 3 or 0. It is skipped (RFC 8259, section 8.1). */
size_t mu_json_mark(const char *text, size_t n);

/* Accepts exactly one JSON text of RFC 8259 in UTF-8, with these limits: arrays and objects nest at most
 * CJSON_NESTING_LIMIT (1000) deep, numbers have at most 63 characters and are finite in double precision, and no string
 * contains U+0000. Anything else is MU_BAD_CONFIG at "file:line:column"; a column counts characters, from 1.
 * Time is linear in n, memory constant. */
int mu_json_scan(const char *file, const char *text, size_t n, struct mu_err *err);

#endif
