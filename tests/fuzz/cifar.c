/* CIFAR-100: the input is train.bin and test.bin, in a directory of links to memory; the first byte chooses labels. */
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void remove_links(void) {
    char path[96];
    for (int k = 0; k < 2; k++) {
        snprintf(path, sizeof path, "%s/%s.bin", dir, k == 0 ? "train" : "test");
        unlink(path);
    }
    rmdir(dir);
}

/* A directory whose train.bin and test.bin lead to a file descriptor: the lowest free one, mostly the same as in the
 * last call, but the fuzzer opens files of its own now and then. */
static const char *make_links(int fd) {
    static int linked = -1;
    if (linked == fd) {
        return dir;
    }
    if (linked < 0) {
        strcpy(dir, "/tmp/muster-fuzz-XXXXXX");
        if (mkdtemp(dir) == NULL || atexit(remove_links) != 0) {
            abort();
        }
    }
    linked = fd;
    for (int k = 0; k < 2; k++) {
        char target[64], path[96];
        snprintf(target, sizeof target, "/proc/self/fd/%d", fd);
        snprintf(path, sizeof path, "%s/%s.bin", dir, k == 0 ? "train" : "test");
        unlink(path);
        if (symlink(target, path) != 0) {
            abort();
        }
    }
    return dir;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return -1;
    }
    const struct memory_file file = open_memory(data + 1, size - 1);
    char json[256];
    snprintf(json, sizeof json, "{\"source\": \"cifar100\", \"path\": \"%s\", \"labels\": \"%s\", \"clients\": 1}",
             make_links(file.fd), data[0] % 2 == 0 ? "fine" : "coarse");
    open_and_read(json);
    close(file.fd);
    return 0;
}
