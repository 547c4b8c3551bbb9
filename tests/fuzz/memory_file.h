/* Bytes as a file that lives in memory: the readers under test get its /proc path. */
#ifndef MUSTER_FUZZ_MEMORY_FILE_H
#define MUSTER_FUZZ_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "muster/comm/comm.h"
#include "muster/config/json.h"
#include "muster/data/data.h"

struct memory_file {
    int fd;
    char path[64];
};

static inline struct memory_file open_memory(const uint8_t *data, size_t size) {
    struct memory_file file = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    if (file.fd < 0 || (size > 0 && write(file.fd, data, size) != (ssize_t)size)) {
        abort();
    }
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    return file;
}

/* Opens the data set of a config as a run would, and looks at every row; what is refused must say why. */
static inline void open_and_read(const char *json) {
    struct mu_err err = {0};
    struct mu_data_config config = {0};
    struct cJSON *object = NULL;
    if (mu_json_parse("fuzz", json, strlen(json), &object, &err) != MU_OK ||
        mu_group_parse(&mu_data_group, object, "fuzz", "/data", &config, &err) != MU_OK) {
        abort(); /* the harness's own text */
    }
    cJSON_Delete(object);
    struct mu_comm *const comm = mu_comm_solo();
    struct mu_data *data = NULL;
    if (mu_data_new(&data, &config, "fuzz", 1, comm, &err) != MU_OK) {
        if (err.code == MU_OK || err.text[0] == '\0' || strchr(err.text, '\n') != NULL || data != NULL) {
            abort();
        }
    } else {
        const struct mu_task *const task = mu_data_task(data);
        struct mu_space space = {0};
        struct mu_rows rows;
        uint64_t total = 0;
        for (uint32_t client = 0; client < mu_data_clients(data); client++) {
            if (mu_data_client(data, client, &space, &rows, &err) != MU_OK || rows.width != task->features) {
                abort();
            }
            for (size_t i = 0; i < rows.n && rows.label != NULL; i++) {
                if (rows.label[i] < 0 || (size_t)rows.label[i] >= task->classes) {
                    abort();
                }
            }
            total += rows.n;
        }
        if (total != mu_data_total(data)) {
            abort();
        }
        mu_space_clear(&space);
    }
    mu_data_free(data);
    mu_comm_stop(comm);
    mu_group_clear(&mu_data_group, &config);
}

#endif
