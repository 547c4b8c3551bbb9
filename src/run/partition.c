/* partition.csv: which client holds how many rows of each class, for whoever wants to see the skew. */
#include <inttypes.h>
#include <stdlib.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "recorder.h"

/* As many clients as a picture can show, and as many classes: of more clients, some, evenly spaced. A source that
 * generates rows on demand makes no more than these clients' rows for it. */
enum { CLIENTS = 200, CLASSES = 100 };

static int write_rows(FILE *file, const struct mu_data *data, size_t classes, struct mu_err *err) {
    const uint32_t clients = mu_data_clients(data), shown = clients < CLIENTS ? clients : CLIENTS;
    struct mu_space space = {0};
    struct mu_rows rows;
    int rc = MU_OK;
    fputs("client", file);
    for (size_t c = 0; c < classes; c++) {
        fprintf(file, ",class_%zu", c);
    }
    fputc('\n', file);
    for (uint32_t i = 0; i < shown && rc == MU_OK; i++) {
        const uint32_t client = (uint32_t)((uint64_t)i * clients / shown);
        uint64_t count[CLASSES] = {0};
        if ((rc = mu_data_client(data, client, &space, &rows, err)) != MU_OK) {
            break;
        }
        for (size_t r = 0; r < rows.n; r++) {
            count[rows.label[r]]++;
        }
        fprintf(file, "%" PRIu32, client);
        for (size_t c = 0; c < classes; c++) {
            fprintf(file, ",%" PRIu64, count[c]);
        }
        fputc('\n', file);
    }
    mu_space_clear(&space);
    return rc;
}

int mu_partition_write(const char *directory, const struct mu_data *data, struct mu_err *err) {
    const struct mu_task *const task = mu_data_task(data);
    char path[4400], *text = NULL;
    size_t n = 0;
    if (task->kind != MU_CLASSIFICATION || task->classes > CLASSES) {
        return MU_OK;
    }
    FILE *const memory = open_memstream(&text, &n);
    if (memory == NULL) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    int rc = write_rows(memory, data, task->classes, err);
    if (fclose(memory) != 0 && rc == MU_OK) {
        rc = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    if (rc == MU_OK) {
        rc = mu_file_publish(mu_result_path(path, directory, "partition.csv"), text, n, err);
    }
    free(text);
    return rc;
}
