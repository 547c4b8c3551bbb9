/* Reading JSON from untrusted files: strict, with positions in the errors; and writing it without loss. */
#ifndef MUSTER_CONFIG_JSON_H
#define MUSTER_CONFIG_JSON_H

#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

/* Parses `n` bytes of RFC 8259 JSON; a UTF-8 byte order mark at the start is skipped. Errors (MU_BAD_CONFIG, placed at
 * "file:line:column", columns counting characters): not UTF-8, a NUL byte, truncated or otherwise malformed JSON, text
 * after the end, nesting deeper than 1000 levels (cJSON's limit), a number that is not finite or longer than 63
 * characters, and duplicate keys at any depth (placed at "file: /pointer").
 * The caller deletes *json with cJSON_Delete. */
int mu_json_parse(const char *file, const char *text, size_t n, struct cJSON **json, struct mu_err *err);

/* Reads and parses a file of at most 64 MiB; a missing or unreadable file or a directory is MU_BAD_CONFIG too: it is
 * the user's config that is not there. */
int mu_json_read(const char *path, struct cJSON **json, struct mu_err *err);

/* Applies one `--set path=value`. The path is dotted ("server.optimizer.lr", "model.hidden.0") or, if it begins with
 * '/', a JSON pointer ("/server/optimizer/lr"); objects missing on the way (or null) are made; an array takes the index
 * of one of its elements, or "-" to append. The value is JSON if it parses as JSON and a string otherwise, but one that
 * begins with an opening brace, bracket or quote must be JSON. Errors are MU_USAGE placed at "--set TEXT"; json is then
 * as it was. */
int mu_json_set(struct cJSON *json, const char *assignment, struct mu_err *err);

/* Indented text, a line feed at its end; *text is the caller's to mu_free. Unlike cJSON_Print it writes every finite
 * number so that it reads back to the same bits. Numbers that are not finite become null. */
int mu_json_print(const struct cJSON *json, char **text, struct mu_err *err);

#endif
