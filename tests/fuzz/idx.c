/* IDX: the input is an images file and a labels file; its first two bytes are the length of the former. */
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return -1;
    }
    size_t images = (size_t)data[0] << 8 | data[1];
    data += 2;
    size -= 2;
    images = images < size ? images : size;
    const struct memory_file i = open_memory(data, images), l = open_memory(data + images, size - images);
    char json[256];
    snprintf(json, sizeof json,
             "{\"source\": \"idx\", \"train_images\": \"%s\", \"train_labels\": \"%s\", \"test_images\": \"%s\", "
             "\"test_labels\": \"%s\", \"clients\": 1}",
             i.path, l.path, i.path, l.path);
    open_and_read(json);
    close(i.fd);
    close(l.fd);
    return 0;
}
