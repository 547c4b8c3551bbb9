#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int mu_raw_open(const char *path, size_t *size, struct mu_err *err) {
    /* O_NONBLOCK: opening a FIFO that nobody writes to must not hang. */
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

ssize_t mu_raw_read(int fd, void *buf, size_t n) {
    size_t got = 0;
    while (got < n) {
        const ssize_t part = read(fd, (char *)buf + got, n - got);
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

int mu_temp_reopen(struct mu_temp *temp, struct mu_err *err) {
    close(temp->fd);
    temp->fd = open(temp->name, O_WRONLY | O_CLOEXEC);
    return temp->fd >= 0 ? MU_OK : mu_fail(err, MU_IO, temp->path, "cannot write: %s", strerror(errno));
}

int mu_temp_commit(struct mu_temp *temp, struct mu_err *err) {
    /* Some network file systems report a full disk only when the file is flushed or closed. A file system without
     * fsync says EINVAL, which is not a failed write. */
    int reason = !temp->hasty && fsync(temp->fd) != 0 && errno != EINVAL ? errno : 0;
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
