#include "muster/base/npz.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zip.h>

#include "muster/base/mem.h"
#include "npy.h"
#include "raw.h"

/* Noon of 1980-01-01, the first day of the DOS calendar: libzip goes through local time, which has a midnight that
 * does not exist in some zones, but no such noon. */
enum { DOS_NOON = 12 << 11, DOS_FIRST_DAY = 1 << 5 | 1 };

/* No deflated byte becomes more than 1,032 (zlib's technical notes). */
enum { DEFLATE_RATIO = 1032 };

/* MU_IO for what the system refused, MU_RANK_FAILED without memory, else `otherwise`. */
static int zip_code(const zip_error_t *error, int otherwise) {
    if (zip_error_code_zip(error) == ZIP_ER_MEMORY) {
        return MU_RANK_FAILED;
    }
    return zip_error_system_type(error) == ZIP_ET_SYS ? MU_IO : otherwise;
}

/* Adds one member. The array's data is borrowed until the archive is closed; its header is kept in `header`. */
static int add_member(zip_t *archive, const struct mu_array *array, char header[MU_NPY_HEADER_BYTES], const char *path,
                      struct mu_err *err) {
    char name[sizeof array->name + sizeof ".npy"];
    snprintf(name, sizeof name, "%s.npy", array->name);
    const zip_buffer_fragment_t part[] = {
        {(zip_uint8_t *)header, mu_npy_header(array, header)},
        {array->data, mu_array_count(array) * mu_elem_bytes(array->elem)},
    };
    zip_source_t *source = zip_source_buffer_fragment(archive, part, 2, 0);
    const zip_int64_t index = source == NULL ? -1 : zip_file_add(archive, name, source, 0);
    if (index < 0) {
        zip_source_free(source); /* it is the archive's only once it is added */
    } else if (zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
               zip_file_set_dostime(archive, (zip_uint64_t)index, DOS_NOON, DOS_FIRST_DAY, 0) == 0) {
        return MU_OK;
    }
    const zip_error_t *error = zip_get_error(archive);
    return mu_fail(err, zip_code(error, MU_IO), path, "cannot add %s: %s", name, zip_strerror(archive));
}

/* Fills and closes the archive at temp->name, which libzip itself writes beside and renames. */
static int write_archive(struct mu_temp *temp, size_t n, const struct mu_array *array,
                         char (*header)[MU_NPY_HEADER_BYTES], struct mu_err *err) {
    int reason = 0;
    zip_t *archive = zip_open(temp->name, ZIP_TRUNCATE, &reason);
    if (archive == NULL) {
        zip_error_t error;
        zip_error_init_with_code(&error, reason);
        const int rc =
            mu_fail(err, zip_code(&error, MU_IO), temp->path, "cannot write: %s", zip_error_strerror(&error));
        zip_error_fini(&error);
        return rc;
    }
    for (size_t i = 0; i < n; i++) {
        const int rc = add_member(archive, &array[i], header[i], temp->path, err);
        if (rc != MU_OK) {
            zip_discard(archive);
            return rc;
        }
    }
    if (zip_close(archive) != 0) {
        const zip_error_t *error = zip_get_error(archive);
        const int rc = mu_fail(err, zip_code(error, MU_IO), temp->path, "cannot write: %s", zip_strerror(archive));
        zip_discard(archive);
        return rc;
    }
    return mu_temp_reopen(temp, err);
}

static int write_file(const char *path, size_t n, const struct mu_array *array, bool hasty, struct mu_err *err) {
    struct mu_temp temp;
    if (n == 0) {
        return mu_fail(err, MU_IO, path, "an archive of no arrays"); /* libzip would delete the file instead */
    }
    char(*header)[MU_NPY_HEADER_BYTES] = mu_alloc(n, sizeof *header, err);
    if (header == NULL) {
        return err == NULL ? MU_RANK_FAILED : err->code;
    }
    int rc = mu_temp_open(&temp, path, err);
    if (rc == MU_OK) {
        temp.hasty = hasty;
        rc = write_archive(&temp, n, array, header, err);
        if (rc == MU_OK) {
            rc = mu_temp_commit(&temp, err);
        } else {
            mu_temp_discard(&temp);
        }
    }
    mu_free(header);
    return rc;
}

int mu_npz_write(const char *path, size_t n, const struct mu_array *array, struct mu_err *err) {
    return write_file(path, n, array, false, err);
}

int mu_npz_publish(const char *path, size_t n, const struct mu_array *array, struct mu_err *err) {
    return write_file(path, n, array, true, err);
}

/* An open archive and its path, for messages. */
struct archive {
    const char *path;
    size_t size; /* bytes of the file */
    zip_t *zip;
};

static int open_archive(struct archive *archive, struct mu_err *err) {
    enum { SMALLEST = 22 }; /* an end-of-directory record */
    char place[512];
    int reason = ZIP_ER_NOZIP;
    const int fd = mu_raw_open(archive->path, &archive->size, err);
    if (fd < 0) {
        return err == NULL ? MU_IO : err->code;
    }
    archive->zip = archive->size < SMALLEST ? NULL : zip_fdopen(fd, 0, &reason); /* takes fd on success */
    if (archive->zip != NULL) {
        return MU_OK;
    }
    zip_error_t error;
    zip_error_init_with_code(&error, reason);
    /* The end-of-directory record at the file's end is where reading starts. */
    snprintf(place, sizeof place, "%.460s: byte %zu", archive->path, archive->size);
    const int rc =
        mu_fail(err, zip_code(&error, MU_BAD_CONFIG), place, "is not a .npz file: %s", zip_error_strerror(&error));
    zip_error_fini(&error);
    close(fd);
    return rc;
}

static int read_member(const struct mu_npy_source *source, void *buf, size_t n, size_t *got, struct mu_err *err) {
    zip_file_t *member = source->handle;
    *got = 0;
    while (*got < n) {
        const zip_int64_t part = zip_fread(member, (char *)buf + *got, n - *got);
        if (part < 0) {
            return mu_fail(err, zip_code(zip_file_get_error(member), MU_BAD_CONFIG), source->place, "cannot read: %s",
                           zip_file_strerror(member));
        }
        if (part == 0) {
            break;
        }
        *got += (size_t)part;
    }
    return MU_OK;
}

/* The array's name from the member's: without .npy. */
static int name_array(const struct archive *archive, zip_uint64_t index, const zip_stat_t *info, struct mu_array *array,
                      struct mu_err *err) {
    size_t n = strlen(info->name);
    n -= n >= 4 && strcmp(info->name + n - 4, ".npy") == 0 ? 4 : 0;
    if (n >= sizeof array->name) {
        return mu_fail(err, MU_BAD_CONFIG, archive->path, "member \"%.80s...\": the name is longer than %zu bytes",
                       info->name, sizeof array->name - 1);
    }
    if (zip_name_locate(archive->zip, info->name, 0) != (zip_int64_t)index) {
        return mu_fail(err, MU_BAD_CONFIG, archive->path, "member \"%s\" is there twice", info->name);
    }
    memcpy(array->name, info->name, n);
    array->name[n] = '\0';
    return MU_OK;
}

static int load_member(const struct archive *archive, zip_uint64_t index, struct mu_array *array, struct mu_err *err) {
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    zip_stat_t info;
    if (zip_stat_index(archive->zip, index, 0, &info) != 0 || (info.valid & needed) != needed) {
        return mu_fail(err, MU_BAD_CONFIG, archive->path, "member %" PRIu64 ": %s", (uint64_t)index,
                       zip_strerror(archive->zip));
    }
    char place[512];
    snprintf(place, sizeof place, "%.300s: %.100s", archive->path, info.name);
    const bool stored = info.comp_method == ZIP_CM_STORE;
    if (!stored && info.comp_method != ZIP_CM_DEFLATE) {
        return mu_fail(err, MU_BAD_CONFIG, place, "is neither stored nor deflated");
    }
    /* A size that the compressed bytes cannot reach would only make us allocate it. */
    if (info.comp_size > archive->size ||
        (stored ? info.size != info.comp_size : info.size / DEFLATE_RATIO > info.comp_size)) {
        return mu_fail(err, MU_BAD_CONFIG, place, "claims to hold %" PRIu64 " bytes in %" PRIu64, (uint64_t)info.size,
                       (uint64_t)info.comp_size);
    }
    zip_file_t *member = zip_fopen_index(archive->zip, index, 0);
    if (member == NULL) {
        return mu_fail(err, zip_code(zip_get_error(archive->zip), MU_BAD_CONFIG), place, "cannot read: %s",
                       zip_strerror(archive->zip));
    }
    const struct mu_npy_source source = {.place = place, .size = info.size, .handle = member, .read = read_member};
    int rc = mu_npy_load(&source, array, err);
    if (rc == MU_OK) {
        /* libzip compares the checksum when it meets the end. */
        char beyond;
        size_t got = 0;
        rc = read_member(&source, &beyond, 1, &got, err);
    }
    if (rc == MU_OK) {
        rc = name_array(archive, index, &info, array, err);
    }
    zip_fclose(member);
    return rc;
}

int mu_npz_read(const char *path, size_t *n, struct mu_array **array, struct mu_err *err) {
    struct archive archive = {.path = path};
    MU_TRY(open_archive(&archive, err));
    const size_t members = (size_t)zip_get_num_entries(archive.zip, 0);
    int rc = MU_OK;
    struct mu_array *loaded = mu_alloc(members, sizeof *loaded, err);
    if (loaded == NULL) {
        rc = err == NULL ? MU_RANK_FAILED : err->code;
    }
    for (size_t i = 0; i < members && rc == MU_OK; i++) {
        rc = load_member(&archive, i, &loaded[i], err);
    }
    zip_discard(archive.zip);
    if (rc != MU_OK) {
        mu_npz_free(loaded == NULL ? 0 : members, loaded);
        return rc;
    }
    *n = members;
    *array = loaded;
    return MU_OK;
}

void mu_npz_free(size_t n, struct mu_array *array) {
    for (size_t i = 0; i < n; i++) {
        mu_free(array[i].data);
    }
    mu_free(array);
}
