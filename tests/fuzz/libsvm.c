/* LIBSVM text: the first byte chooses options, the rest is the file. Rows are of 50 features, so that the input's
 * indices cannot ask for more memory than a fuzzer has. */
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return -1;
    }
    const struct memory_file file = open_memory(data + 1, size - 1);
    char json[256];
    snprintf(json, sizeof json,
             "{\"source\": \"libsvm\", \"path\": \"%s\", \"features\": 50, \"task\": \"%s\", \"test_fraction\": %s, "
             "\"clients\": 1}",
             file.path, data[0] & 1 ? "regression" : "classification", data[0] & 2 ? "0" : "0.5");
    open_and_read(json);
    close(file.fd);
    return 0;
}
