/* Small data files for the tests of formats. */
#ifndef MUSTER_TESTS_DATA_FILES_H
#define MUSTER_TESTS_DATA_FILES_H

#include "unit/data/helper.h"

#include <zlib.h>

/* dir/name, in one of a few static buffers. */
static inline const char *join(const char *dir, const char *name) {
    static char path[8][1024];
    static size_t next;
    char *const at = path[next++ % 8];
    assert_true(snprintf(at, sizeof path[0], "%s/%s", dir, name) < (int)sizeof path[0]);
    return at;
}

/* Writes n bytes, packed if the name ends in .gz; returns the path. */
static inline const char *put_file(const char *dir, const char *name, const void *bytes, size_t n) {
    const char *const path = join(dir, name);
    const size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".gz") == 0) {
        gzFile gz = gzopen(path, "wb");
        assert_non_null(gz);
        assert_int_equal(gzwrite(gz, bytes, (unsigned)n), (int)n);
        assert_int_equal(gzclose(gz), Z_OK);
    } else {
        support_write(path, bytes, n);
    }
    return path;
}

static inline const char *put_text(const char *dir, const char *name, const char *text) {
    return put_file(dir, name, text, strlen(text));
}

static inline size_t get_file(const char *path, unsigned char *bytes, size_t room) {
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, room, file);
    fclose(file);
    return n;
}

#endif
