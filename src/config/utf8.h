/* UTF-8 validation. */
#ifndef MUSTER_SRC_CONFIG_UTF8_H
#define MUSTER_SRC_CONFIG_UTF8_H

#include <stddef.h>

/* Bytes of the longest prefix that is well-formed UTF-8: n if all of it is. NUL is a character like others here. */
size_t mu_utf8_valid(const char *text, size_t n);

#endif
