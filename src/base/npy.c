/* The format is numpy's NEP 1: magic, version, length, a Python dictionary padded to 64 bytes, the elements. */
#include "npy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "muster/base/mem.h"
#include "raw.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are written as they are in memory");

/* A header of four axes needs 192 bytes; numpy itself refuses more than 10,000. */
enum { HEADER_LIMIT = 10000 };

static const char magic[6] = "\x93NUMPY";

/* numpy's name of each enum mu_elem. */
static const char *const descr[] = {
    [MU_U8] = "|u1", [MU_I32] = "<i4", [MU_I64] = "<i8", [MU_F32] = "<f4", [MU_F64] = "<f8"};
static const size_t elem_bytes[] = {[MU_U8] = 1, [MU_I32] = 4, [MU_I64] = 8, [MU_F32] = 4, [MU_F64] = 8};
enum { ELEMS = sizeof elem_bytes / sizeof elem_bytes[0] };

size_t mu_elem_bytes(enum mu_elem elem) {
    return elem_bytes[elem];
}

size_t mu_array_count(const struct mu_array *array) {
    size_t count = 1;
    for (size_t i = 0; i < array->axes; i++) {
        count *= array->shape[i];
    }
    return count;
}

size_t mu_npy_header(const struct mu_array *array, char header[MU_NPY_HEADER_BYTES]) {
    enum { BEFORE = sizeof magic + 4 };
    char *text = header + BEFORE;
    const size_t room = MU_NPY_HEADER_BYTES - BEFORE;
    size_t n = (size_t)snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[array->elem]);
    for (size_t i = 0; i < array->axes; i++) {
        n += (size_t)snprintf(text + n, room - n, "%s%zu", i == 0 ? "" : ", ", array->shape[i]);
    }
    n += (size_t)snprintf(text + n, room - n, "%s), }", array->axes == 1 ? "," : "");
    const size_t total = (BEFORE + n + 1 + 63) / 64 * 64;
    memset(text + n, ' ', total - BEFORE - n - 1);
    header[total - 1] = '\n';
    memcpy(header, magic, sizeof magic);
    header[6] = 1; /* version 1.0 */
    header[7] = 0;
    header[8] = (char)((total - BEFORE) & 0xFF);
    header[9] = (char)((total - BEFORE) >> 8);
    return total;
}

static int fail_at(const struct mu_npy_source *source, size_t offset, struct mu_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What is wrong at a byte of the source. */
static int fail_at(const struct mu_npy_source *source, size_t offset, struct mu_err *err, const char *format, ...) {
    char text[256];
    char place[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* A very long path is cut, the offset is not. */
    snprintf(place, sizeof place, "%.460s: byte %zu", source->place, offset);
    return mu_fail(err, MU_BAD_CONFIG, place, "%s", text);
}

/* The header's dictionary while it is parsed. */
struct cursor {
    const struct mu_npy_source *source;
    const char *text;
    size_t n;
    size_t at;
    size_t offset; /* of text in the source */
    struct mu_err *err;
};

static int fail_here(const struct cursor *c, const char *expected) {
    return fail_at(c->source, c->offset + c->at, c->err, "header: expected %s", expected);
}

/* Skips white space; then steps over `mark` if it comes next. */
static bool accept_char(struct cursor *c, char mark) {
    while (c->at < c->n && (c->text[c->at] == ' ' || c->text[c->at] == '\n' || c->text[c->at] == '\t')) {
        c->at++;
    }
    if (c->at < c->n && c->text[c->at] == mark) {
        c->at++;
        return true;
    }
    return false;
}

/* A string of at most 31 characters, without escapes: numpy's keys and type names are such. */
static int parse_string(struct cursor *c, const char *expected, char value[32]) {
    size_t n = 0;
    const char quote = accept_char(c, '\'') ? '\'' : '"';
    if (quote == '"' && !accept_char(c, '"')) {
        return fail_here(c, expected);
    }
    while (c->at < c->n && c->text[c->at] != quote && n < 31) {
        value[n++] = c->text[c->at++];
    }
    value[n] = '\0';
    return accept_char(c, quote) ? MU_OK : fail_here(c, expected);
}

static int parse_type(struct cursor *c, struct mu_array *array) {
    char name[32];
    accept_char(c, '\0');
    const size_t at = c->offset + c->at;
    if (c->at < c->n && c->text[c->at] == '[') {
        return fail_at(c->source, at, c->err, "records are not supported; save one array for each field");
    }
    MU_TRY(parse_string(c, "a type name", name));
    for (int i = 0; i < ELEMS; i++) {
        /* Bytes have no order: '|u1' and '<u1' are the same. */
        if (strcmp(name, descr[i]) == 0 || (i == MU_U8 && strcmp(name, "<u1") == 0)) {
            array->elem = (enum mu_elem)i;
            return MU_OK;
        }
    }
    if (name[0] == '>') {
        return fail_at(c->source, at, c->err, "type \"%s\" is big-endian; expected |u1, <i4, <i8, <f4 or <f8", name);
    }
    return fail_at(c->source, at, c->err, "type \"%s\" is not supported; expected |u1, <i4, <i8, <f4 or <f8", name);
}

static int parse_order(struct cursor *c) {
    accept_char(c, '\0');
    const char *next = c->text + c->at;
    const size_t left = c->n - c->at;
    if (left >= 5 && memcmp(next, "False", 5) == 0) {
        c->at += 5;
        return MU_OK;
    }
    if (left >= 4 && memcmp(next, "True", 4) == 0) {
        const int rc = fail_at(c->source, c->offset + c->at, c->err, "the array is in Fortran order; expected C order");
        mu_fail_help(c->err, "save it through numpy.ascontiguousarray");
        return rc;
    }
    return fail_here(c, "True or False");
}

static int parse_extent(struct cursor *c, size_t *extent) {
    accept_char(c, '\0');
    size_t value = 0;
    size_t digits = 0;
    for (; c->at < c->n && c->text[c->at] >= '0' && c->text[c->at] <= '9'; c->at++, digits++) {
        const size_t digit = (size_t)(c->text[c->at] - '0');
        if (__builtin_mul_overflow(value, (size_t)10, &value) || __builtin_add_overflow(value, digit, &value)) {
            return fail_here(c, "an extent below 2^64");
        }
    }
    *extent = value;
    return digits > 0 ? MU_OK : fail_here(c, "an extent (digits)");
}

static int parse_shape(struct cursor *c, struct mu_array *array) {
    if (!accept_char(c, '(')) {
        return fail_here(c, "the shape, in parentheses");
    }
    bool comma = true;
    while (!accept_char(c, ')')) {
        if (array->axes == MU_MAX_AXES) {
            return fail_at(c->source, c->offset + c->at, c->err, "more than %d axes", MU_MAX_AXES);
        }
        if (!comma) {
            return fail_here(c, "a comma or a closing parenthesis");
        }
        MU_TRY(parse_extent(c, &array->shape[array->axes++]));
        comma = accept_char(c, ',');
    }
    return MU_OK;
}

static int parse_dictionary(struct cursor *c, struct mu_array *array) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    unsigned seen = 0;
    bool comma = true;
    if (!accept_char(c, '{')) {
        return fail_here(c, "a dictionary");
    }
    while (!accept_char(c, '}')) {
        char key[32];
        if (!comma) {
            return fail_here(c, "a comma or a closing brace");
        }
        MU_TRY(parse_string(c, "a key", key));
        unsigned k = 0;
        while (k < 3 && strcmp(key, keys[k]) != 0) {
            k++;
        }
        if (k == 3 || (seen & 1U << k) != 0) {
            return fail_here(c, "each of the keys descr, fortran_order and shape once");
        }
        seen |= 1U << k;
        if (!accept_char(c, ':')) {
            return fail_here(c, "a colon");
        }
        MU_TRY(k == 0 ? parse_type(c, array) : k == 1 ? parse_order(c) : parse_shape(c, array));
        comma = accept_char(c, ',');
    }
    accept_char(c, '\0');
    if (c->at < c->n) {
        return fail_here(c, "nothing after the dictionary");
    }
    return seen == 7 ? MU_OK : fail_here(c, "each of the keys descr, fortran_order and shape once");
}

/* Reads exactly n bytes; `offset` says where they are, `what` what they would be. */
static int read_exactly(const struct mu_npy_source *source, size_t offset, void *buf, size_t n, const char *what,
                        struct mu_err *err) {
    size_t got = 0;
    MU_TRY(source->read(source, buf, n, &got, err));
    if (got < n) {
        return fail_at(source, offset + got, err, "the file ends inside %s", what);
    }
    return MU_OK;
}

/* Reads everything before the elements into array; *offset becomes theirs. */
static int load_header(const struct mu_npy_source *source, struct mu_array *array, size_t *offset, struct mu_err *err) {
    unsigned char start[12];
    char text[HEADER_LIMIT];
    MU_TRY(read_exactly(source, 0, start, sizeof magic, "the magic", err));
    if (memcmp(start, magic, sizeof magic) != 0) {
        return fail_at(source, 0, err, "is not a .npy file: its first bytes are not \\x93NUMPY");
    }
    MU_TRY(read_exactly(source, 6, start + 6, 4, "the header", err));
    if (start[6] < 1 || start[6] > 3 || start[7] != 0) {
        return fail_at(source, 6, err, "version %d.%d is not supported; expected 1.0, 2.0 or 3.0", start[6], start[7]);
    }
    size_t length = start[8] | (size_t)start[9] << 8;
    size_t at = 10;
    if (start[6] > 1) {
        MU_TRY(read_exactly(source, 10, start + 10, 2, "the header", err));
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
        at = 12;
    }
    if (length > HEADER_LIMIT) {
        return fail_at(source, 8, err, "the header has %zu bytes; expected at most %d", length, HEADER_LIMIT);
    }
    MU_TRY(read_exactly(source, at, text, length, "the header", err));
    struct cursor cursor = {.source = source, .text = text, .n = length, .offset = at, .err = err};
    *offset = at + length;
    return parse_dictionary(&cursor, array);
}

int mu_npy_load(const struct mu_npy_source *source, struct mu_array *array, struct mu_err *err) {
    size_t offset = 0;
    *array = (struct mu_array){.data = NULL};
    MU_TRY(load_header(source, array, &offset, err));

    /* The shape is only a claim: it must agree with the bytes that are there before anything is allocated. A zero
     * extent makes the product zero whatever the others are. */
    size_t bytes = elem_bytes[array->elem];
    bool overflow = false;
    bool empty = false;
    for (size_t i = 0; i < array->axes; i++) {
        empty = empty || array->shape[i] == 0;
        overflow = __builtin_mul_overflow(bytes, array->shape[i], &bytes) || overflow;
    }
    const size_t there = source->size > offset ? source->size - offset : 0;
    if (empty) {
        bytes = 0;
    } else if (overflow) {
        return fail_at(source, offset, err, "the header promises more than 2^64 bytes of elements, %zu follow", there);
    }
    if (bytes != there) {
        return fail_at(source, bytes < there ? offset + bytes : source->size, err,
                       "the header promises %zu bytes of elements, %zu follow", bytes, there);
    }
    void *data = mu_alloc_uninit(bytes, 1, err);
    if (data == NULL) {
        return err == NULL ? MU_RANK_FAILED : err->code;
    }
    const int rc = read_exactly(source, offset, data, bytes, "the elements", err);
    if (rc != MU_OK) {
        mu_free(data);
        return rc;
    }
    array->data = data;
    return MU_OK;
}

static int read_file(const struct mu_npy_source *source, void *buf, size_t n, size_t *got, struct mu_err *err) {
    const ssize_t part = mu_raw_read(*(const int *)source->handle, buf, n);
    if (part < 0) {
        return mu_fail(err, MU_IO, source->place, "cannot read: %s", strerror(errno));
    }
    *got = (size_t)part;
    return MU_OK;
}

int mu_npy_read(const char *path, struct mu_array *array, struct mu_err *err) {
    size_t size = 0;
    int fd = mu_raw_open(path, &size, err);
    if (fd < 0) {
        return err == NULL ? MU_IO : err->code;
    }
    const struct mu_npy_source source = {.place = path, .size = size, .handle = &fd, .read = read_file};
    const int rc = mu_npy_load(&source, array, err);
    close(fd);
    return rc;
}

int mu_npy_write(const char *path, const struct mu_array *array, struct mu_err *err) {
    char header[MU_NPY_HEADER_BYTES];
    struct mu_temp temp;
    const size_t n = mu_npy_header(array, header);
    MU_TRY(mu_temp_open(&temp, path, err));
    int rc = mu_temp_write(&temp, header, n, err);
    if (rc == MU_OK) {
        rc = mu_temp_write(&temp, array->data, mu_array_count(array) * mu_elem_bytes(array->elem), err);
    }
    if (rc != MU_OK) {
        mu_temp_discard(&temp);
        return rc;
    }
    return mu_temp_commit(&temp, err);
}
