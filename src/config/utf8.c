/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "utf8.h"

/* Bytes of the well-formed character at s (Unicode standard, table 3-7); 0 if there is none. */
static size_t character_bytes(const unsigned char *s, size_t n) {
    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] < 0xC2 || s[0] > 0xF4) {
        return 0;
    }
    const size_t bytes = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (n < bytes) {
        return 0;
    }
    /* The second byte's range is where overlong forms, surrogates and too large values are told apart. */
    const unsigned low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    const unsigned high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < bytes; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return bytes;
}

size_t mu_utf8_valid(const char *text, size_t n) {
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;
    while (at < n) {
        const size_t bytes = character_bytes(s + at, n - at);
        if (bytes == 0) {
            break;
        }
        at += bytes;
    }
    return at;
}
