/* Blocks for numbers, and what the terminal can show of them. */
#include "muster/base/sparkline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The variables that decide on the character set, in their order (POSIX, "Internationalization Variables"). */
bool mu_sparkline_shows(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *const value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL || strstr(value, "UTF8") != NULL;
        }
    }
    return false;
}

size_t mu_terminal_width(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

const char *mu_sparkline(size_t n, const double *x, size_t cells, char *text) {
    const size_t shown = n < cells ? n : cells;
    char *out = text;
    double low = INFINITY, high = -INFINITY;
    x = shown > 0 ? x + n - shown : x;
    for (size_t i = 0; i < shown; i++) {
        low = isfinite(x[i]) ? fmin(low, x[i]) : low;
        high = isfinite(x[i]) ? fmax(high, x[i]) : high;
    }
    for (size_t i = 0; i < shown; i++) {
        if (!isfinite(x[i])) {
            *out++ = ' ';
            continue;
        }
        const int height = high > low ? (int)(7.999 * (x[i] - low) / (high - low)) : 0;
        memcpy(out, "\xe2\x96", 2);
        out[2] = (char)(0x81 + height); /* U+2581 .. U+2588 */
        out += MU_SPARKLINE_BYTES;
    }
    *out = '\0';
    return text;
}
