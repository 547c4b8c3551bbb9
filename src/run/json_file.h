/* Where result files are, and those that are one JSON object. */
#ifndef MUSTER_RUN_JSON_FILE_H
#define MUSTER_RUN_JSON_FILE_H

#include "muster/base/err.h"

struct cJSON;

/* directory/name. Returns `path`. */
const char *mu_result_path(char path[static 4400], const char *directory, const char *name);

/* Writes directory/name and deletes `json` (NULL means that memory ran out). Does not wait for the disk, which
 * mu_directory_settle does for all files at once. */
int mu_json_file_write(const char *directory, const char *name, struct cJSON *json, struct mu_err *err);

/* Adds a number, or null if it is not finite. */
void mu_json_add_real(struct cJSON *json, const char *key, double value);
/* Adds a text, or nothing if it is NULL. */
void mu_json_add_text(struct cJSON *json, const char *key, const char *text);

#endif
