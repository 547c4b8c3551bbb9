/* clients.csv: how well the final model serves each client, for whoever asks whether it is fair. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "jline.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "recorder.h"

/* Of more clients, some, evenly spaced: a spread is known from so many. Rows are scored in blocks of a fixed size, so
 * that the bits are the same for any number of ranks: rank 0 does them all. */
enum { CLIENTS = 2000, BLOCK = 256 };

/* The first model, in the type it is evaluated in. */
static void *copy_model(const struct mu_model *model, const double *x, struct mu_err *err) {
    const size_t dim = mu_model_dim(model);
    const enum mu_elem elem = mu_model_elem(model);
    void *const copy = mu_alloc(dim, mu_elem_bytes(elem), err);
    for (size_t i = 0; copy != NULL && i < dim; i++) {
        if (elem == MU_F32) {
            ((float *)copy)[i] = (float)x[i];
        } else {
            ((double *)copy)[i] = x[i];
        }
    }
    return copy;
}

static struct mu_score score_rows(struct mu_workspace *ws, const struct mu_rows *rows, const void *x) {
    struct mu_score all = {0};
    for (size_t first = 0; first < rows->n; first += BLOCK) {
        const size_t n = rows->n - first < BLOCK ? rows->n - first : BLOCK;
        const struct mu_score part = mu_model_score(ws, rows, first, n, x);
        all.loss += part.loss;
        all.correct += part.correct;
    }
    all.n = rows->n;
    return all;
}

static int write_rows(FILE *file, const struct mu_data *data, struct mu_workspace *ws, const void *x,
                      struct mu_err *err) {
    const uint32_t clients = mu_data_clients(data), shown = clients < CLIENTS ? clients : CLIENTS;
    const bool classifies = mu_data_task(data)->kind == MU_CLASSIFICATION;
    struct mu_space space = {0};
    struct mu_rows rows;
    int rc = MU_OK;
    fputs("client,rows,loss,accuracy\n", file);
    for (uint32_t i = 0; i < shown; i++) {
        const uint32_t client = (uint32_t)((uint64_t)i * clients / shown);
        char loss[32], accuracy[32];
        if ((rc = mu_data_client(data, client, &space, &rows, err)) != MU_OK) {
            break;
        }
        const struct mu_score score = score_rows(ws, &rows, x);
        const bool known = score.n > 0, judged = known && classifies;
        fprintf(file, "%" PRIu32 ",%" PRIu64 ",%s,%s\n", client, score.n,
                known ? mu_real_text(score.loss / (double)score.n, loss) : "",
                judged ? mu_real_text((double)score.correct / (double)score.n, accuracy) : "");
    }
    mu_space_clear(&space);
    return rc;
}

int mu_clients_write(const char *directory, const struct mu_stage *stage, const double *model, struct mu_err *err) {
    char path[4400], *text = NULL;
    size_t n = 0;
    struct mu_workspace *ws = NULL;
    FILE *memory = NULL;
    void *const x = copy_model(stage->model, model, err);
    int rc = x == NULL ? err->code : mu_workspace_new(&ws, stage->model, BLOCK, err);
    if (rc != MU_OK) {
        goto done;
    }
    if ((memory = open_memstream(&text, &n)) == NULL) {
        rc = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
        goto done;
    }
    rc = write_rows(memory, stage->data, ws, x, err);
    if (fclose(memory) != 0 && rc == MU_OK) {
        rc = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    if (rc == MU_OK) {
        rc = mu_file_publish(mu_result_path(path, directory, "clients.csv"), text, n, err);
    }
done:
    free(text);
    mu_workspace_free(ws);
    mu_free(x);
    return rc;
}
