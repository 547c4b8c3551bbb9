/* Reading JSON from untrusted files: strict, with positions in the errors. */
#ifndef MUSTER_CONFIG_JSON_H
#define MUSTER_CONFIG_JSON_H

#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

/* Parses `n` bytes. Errors (MU_BAD_CONFIG, placed at "file:line:column"): not UTF-8, a NUL byte, truncated or otherwise malformed
 * JSON, text after the end, nesting deeper than cJSON's limit, duplicate keys (placed at "file: /pointer"), numbers that are not finite.
 * The caller deletes *json with cJSON_Delete. */
int mu_json_parse(const char *file, const char *text, size_t n, struct cJSON **json, struct mu_err *err);

/* Reads and parses a file; a missing or unreadable file or a directory is MU_BAD_CONFIG too: it is the user's config that
 * is not there. */
int mu_json_read(const char *path, struct cJSON **json, struct mu_err *err);

/* Applies one `--set path=value`: path is dotted ("server.optimizer.lr", "model.hidden.0"); missing objects on the way are
 * made; value is JSON if it parses as JSON and a string otherwise. Errors are MU_USAGE placed at "--set TEXT". */
int mu_json_set(struct cJSON *json, const char *assignment, struct mu_err *err);

#endif
