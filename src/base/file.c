#include "muster/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sha2.h>

#include "muster/base/mem.h"
#include "raw.h"

int mu_file_read(const char *path, size_t limit, char **text, size_t *n, struct mu_err *err) {
    int rc = MU_OK;
    void *buf = NULL;
    size_t capacity = 0;
    size_t got = 0;
    size_t size = 0;
    const int fd = mu_raw_open(path, &size, err);
    if (fd < 0) {
        return err == NULL ? MU_IO : err->code;
    }
    /* The size is only a hint: files in /proc say 0, and others may be growing. */
    size_t need = size < limit ? size : limit;
    for (;;) {
        if ((rc = mu_grow(&buf, &capacity, need + 1, 1, err)) != MU_OK) {
            goto done;
        }
        const ssize_t part = mu_raw_read(fd, (char *)buf + got, capacity - got);
        if (part < 0) {
            rc = mu_fail(err, MU_IO, path, "cannot read: %s", strerror(errno));
            goto done;
        }
        got += (size_t)part;
        if (got > limit) {
            rc = mu_fail(err, MU_IO, path, "is larger than the %zu bytes allowed here", limit);
            goto done;
        }
        if (got < capacity) {
            break;
        }
        need = capacity;
    }
    ((char *)buf)[got] = '\0';
    *text = buf;
    *n = got;
    buf = NULL;
done:
    close(fd);
    mu_free(buf);
    return rc;
}

/* EINVAL: a file system, or a pipe, that knows no such thing. */
static int settle_file(int file, const char *path, struct mu_err *err) {
    return fsync(file) == 0 || errno == EINVAL ? MU_OK : mu_fail(err, MU_IO, path, "cannot write: %s", strerror(errno));
}

int mu_files_settle(size_t n, const char *const *path, struct mu_err *err) {
    int code = MU_OK, *const file = mu_alloc(n, sizeof *file, err);
    if (file == NULL) {
        return err == NULL ? MU_RANK_FAILED : err->code;
    }
    for (size_t i = 0; i < n; i++) {
        file[i] = open(path[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (file[i] >= 0) {
            /* All are given places before the first is waited for: a journal then has them in one entry. */
            (void)sync_file_range(file[i], 0, 0, SYNC_FILE_RANGE_WRITE);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (file[i] >= 0 && code == MU_OK) {
            code = settle_file(file[i], path[i], err);
        }
        if (file[i] >= 0) {
            close(file[i]);
        }
    }
    mu_free(file);
    return code;
}

int mu_file_sha256(const char *path, char hex[65], struct mu_err *err) {
    enum { CHUNK = 1 << 16 };
    char chunk[CHUNK];
    size_t size = 0;
    const int fd = mu_raw_open(path, &size, err);
    if (fd < 0) {
        return err == NULL ? MU_IO : err->code;
    }
    SHA2_CTX context;
    SHA256Init(&context);
    ssize_t got = 0;
    while ((got = mu_raw_read(fd, chunk, CHUNK)) > 0) {
        SHA256Update(&context, (const uint8_t *)chunk, (size_t)got);
    }
    const int reason = errno;
    close(fd);
    if (got < 0) {
        return mu_fail(err, MU_IO, path, "cannot read: %s", strerror(reason));
    }
    SHA256End(&context, hex);
    return MU_OK;
}

static int replace(const char *path, const void *text, size_t n, bool hasty, struct mu_err *err) {
    struct mu_temp temp;
    MU_TRY(mu_temp_open(&temp, path, err));
    temp.hasty = hasty;
    const int rc = mu_temp_write(&temp, text, n, err);
    if (rc != MU_OK) {
        mu_temp_discard(&temp);
        return rc;
    }
    return mu_temp_commit(&temp, err);
}

int mu_file_replace(const char *path, const void *text, size_t n, struct mu_err *err) {
    return replace(path, text, n, false, err);
}

int mu_file_publish(const char *path, const void *text, size_t n, struct mu_err *err) {
    return replace(path, text, n, true, err);
}

/* One directory; one that is there already, also by another rank a moment ago, is no error. */
static int create_one(const char *path, struct mu_err *err) {
    if (mkdir(path, 0777) == 0) {
        return MU_OK;
    }
    const int reason = errno;
    struct stat info;
    if (stat(path, &info) == 0) {
        return S_ISDIR(info.st_mode) ? MU_OK : mu_fail(err, MU_IO, path, "exists, but is not a directory");
    }
    return mu_fail(err, MU_IO, path, "cannot create the directory: %s", strerror(reason));
}

int mu_dir_create(const char *path, struct mu_err *err) {
    char part[PATH_MAX];
    const size_t n = strlen(path);
    if (n == 0 || n >= sizeof part) {
        return mu_fail(err, MU_IO, path, "cannot create the directory: %s", strerror(n == 0 ? ENOENT : ENAMETOOLONG));
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n; i++) {
        if (part[i] == '/' && part[i - 1] != '/') {
            part[i] = '\0';
            MU_TRY(create_one(part, err));
            part[i] = '/';
        }
    }
    return create_one(part, err);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info, (void)type, (void)at;
    return remove(path);
}

int mu_dir_remove(const char *path, struct mu_err *err) {
    enum { OPEN_FILES = 16 };
    if (nftw(path, remove_entry, OPEN_FILES, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return mu_fail(err, MU_IO, path, "cannot remove: %s", strerror(errno));
    }
    return MU_OK;
}
