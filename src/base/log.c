#include "muster/base/log.h"

#include <stdarg.h>
#include <stdio.h>

/* Of the process, like standard error itself: a warning may come from any depth of any layer. */
static bool silenced;

void mu_log_silence(bool silent) {
    silenced = silent;
}

void mu_warn(const char *format, ...) {
    if (silenced) {
        return;
    }
    char line[1024];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length < 0) {
        return;
    }
    for (char *c = line; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7F) {
            *c = '?';
        }
    }
    /* One call, so that lines of several processes do not mix. */
    fprintf(stderr, "muster: warning: %s\n", line);
}
