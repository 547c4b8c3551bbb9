/* CSV: the first byte chooses options, the rest is the file. */
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return -1;
    }
    const unsigned choice = data[0];
    const struct memory_file file = open_memory(data + 1, size - 1);
    char json[512];
    snprintf(json, sizeof json,
             "{\"source\": \"csv\", \"path\": \"%s\", \"header\": %s, \"task\": \"%s\", \"standardize\": %s, "
             "\"label\": \"%s\"%s%s%s}",
             file.path, choice & 1 ? "true" : "false", choice & 2 ? "regression" : "classification",
             choice & 4 ? "true" : "false", choice & 8 ? "0" : "-1",
             choice & 16 ? ", \"partition\": {\"kind\": \"column\", \"column\": \"1\"}" : ", \"clients\": 1",
             choice & 32 ? ", \"test_fraction\": 0" : "", choice & 64 ? ", \"delimiter\": \";\"" : "");
    open_and_read(json);
    close(file.fd);
    return 0;
}
