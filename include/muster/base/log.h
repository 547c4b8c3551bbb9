/* Warnings for the user: one line each, prefixed "muster: warning:", on standard error, on rank 0 only.
 * Errors are returned (err.h), progress is the recorder's; only what should not stop a run comes here. */
#ifndef MUSTER_BASE_LOG_H
#define MUSTER_BASE_LOG_H

#include <stdbool.h>

/* Silences or restores warnings of this process; every rank but 0 is silenced at start. */
void mu_log_silence(bool silent);

void mu_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
