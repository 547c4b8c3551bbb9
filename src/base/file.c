#include "muster/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sha2.h>

#include "file_temp.h"
#include "muster/base/mem.h"

/* Opens a regular file for reading and tells its size; -1 with err set. O_NONBLOCK: a FIFO must not hang us. */
static int open_regular(const char *path, size_t *size, struct mu_err *err) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        mu_fail(err, MU_IO, path, "cannot open: %s", strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
        mu_fail(err, MU_IO, path, "is a directory, not a file");
    } else if (!S_ISREG(info.st_mode)) {
        mu_fail(err, MU_IO, path, "is not a regular file");
    } else {
        *size = (size_t)info.st_size;
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Up to n bytes, fewer only at the end of the file; -1 with errno set. */
static ssize_t read_fully(int fd, char *buf, size_t n) {
    size_t got = 0;
    while (got < n) {
        const ssize_t part = read(fd, buf + got, n - got);
        if (part == 0) {
            break;
        }
        if (part < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -1;
        }
        got += (size_t)part;
    }
    return (ssize_t)got;
}

int mu_file_read(const char *path, size_t limit, char **text, size_t *n, struct mu_err *err) {
    int rc = MU_OK;
    void *buf = NULL;
    size_t capacity = 0;
    size_t got = 0;
    size_t size = 0;
    const int fd = open_regular(path, &size, err);
    if (fd < 0) {
        return err == NULL ? MU_IO : err->code;
    }
    /* The size is only a hint: files in /proc say 0, and others may be growing. */
    size_t need = size < limit ? size : limit;
    for (;;) {
        if ((rc = mu_grow(&buf, &capacity, need + 1, 1, err)) != MU_OK) {
            goto done;
        }
        const ssize_t part = read_fully(fd, (char *)buf + got, capacity - got);
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

int mu_file_sha256(const char *path, char hex[65], struct mu_err *err) {
    enum { CHUNK = 1 << 16 };
    char chunk[CHUNK];
    size_t size = 0;
    const int fd = open_regular(path, &size, err);
    if (fd < 0) {
        return err == NULL ? MU_IO : err->code;
    }
    SHA2_CTX context;
    SHA256Init(&context);
    ssize_t got = 0;
    while ((got = read_fully(fd, chunk, CHUNK)) > 0) {
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

int mu_temp_open(struct mu_temp *temp, const char *path, struct mu_err *err) {
    *temp = (struct mu_temp){.path = path, .fd = -1};
    /* A leftover of a killed process may bear the same process id, here or on another host. */
    for (int attempt = 0; attempt < 1000; attempt++) {
        const int length = snprintf(temp->name, sizeof temp->name, "%s.tmp-%ld-%d", path, (long)getpid(), attempt);
        if (length < 0 || (size_t)length >= sizeof temp->name) {
            temp->name[0] = '\0';
            return mu_fail(err, MU_IO, path, "cannot create: %s", strerror(ENAMETOOLONG));
        }
        temp->fd = open(temp->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (temp->fd >= 0) {
            return MU_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    temp->name[0] = '\0';
    return mu_fail(err, MU_IO, path, "cannot create: %s", strerror(errno));
}

int mu_temp_write(struct mu_temp *temp, const void *bytes, size_t n, struct mu_err *err) {
    const char *next = bytes;
    while (n > 0) {
        const ssize_t part = write(temp->fd, next, n);
        if (part < 0) {
            if (errno == EINTR) {
                continue;
            }
            return mu_fail(err, MU_IO, temp->path, "cannot write: %s", strerror(errno));
        }
        next += part;
        n -= (size_t)part;
    }
    return MU_OK;
}

int mu_temp_commit(struct mu_temp *temp, struct mu_err *err) {
    /* Some network file systems report a full disk only when the file is flushed or closed. A file system without
     * fsync says EINVAL, which is not a failed write. */
    int reason = fsync(temp->fd) != 0 && errno != EINVAL ? errno : 0;
    if (close(temp->fd) != 0 && reason == 0) {
        reason = errno;
    }
    temp->fd = -1;
    if (reason == 0 && rename(temp->name, temp->path) != 0) {
        reason = errno;
    }
    if (reason != 0) {
        mu_temp_discard(temp);
        return mu_fail(err, MU_IO, temp->path, "cannot write: %s", strerror(reason));
    }
    temp->name[0] = '\0';
    return MU_OK;
}

void mu_temp_discard(struct mu_temp *temp) {
    if (temp->fd >= 0) {
        close(temp->fd);
        temp->fd = -1;
    }
    if (temp->name[0] != '\0') {
        unlink(temp->name);
        temp->name[0] = '\0';
    }
}

int mu_file_replace(const char *path, const void *text, size_t n, struct mu_err *err) {
    struct mu_temp temp;
    MU_TRY(mu_temp_open(&temp, path, err));
    const int rc = mu_temp_write(&temp, text, n, err);
    if (rc != MU_OK) {
        mu_temp_discard(&temp);
        return rc;
    }
    return mu_temp_commit(&temp, err);
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
