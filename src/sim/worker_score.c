/* Evaluation over ranks. A block of rows is always scored as a whole by one rank, since a GEMM of another shape has
 * other bits; the ranks' results are put side by side (every number comes from one rank, the others add zero), and rank
 * 0 adds them in the order of the blocks. */
#include "worker_impl.h"

#include <string.h>

static void score_test(struct mu_worker *w, int rank, int size) {
    const struct mu_rows *rows = mu_data_test(w->setup->data);
    memset(w->scores, 0, 2 * w->blocks * w->models * sizeof *w->scores);
    for (size_t b = (size_t)rank; b < w->blocks * w->models; b += (size_t)size) {
        const size_t first = b % w->blocks * MU_SCORE_ROWS;
        const size_t n = rows->n - first < MU_SCORE_ROWS ? rows->n - first : MU_SCORE_ROWS;
        const struct mu_score score = mu_model_score(w->scorer, rows, first, n, w->current[b / w->blocks]->data);
        w->scores[2 * b] = score.loss;
        w->scores[2 * b + 1] = (double)score.correct;
    }
    mu_comm_sum_f64(w->comm, w->scores, 2 * w->blocks * w->models);
}

/* The mean loss over one client's rows and all models; 0 for none. */
static int score_client(struct mu_worker *w, uint32_t client, double *loss, struct mu_err *err) {
    struct mu_rows rows;
    MU_TRY(mu_data_client(w->setup->data, client, &w->score_space, &rows, err));
    double sum = 0;
    for (size_t first = 0; first < rows.n; first += MU_SCORE_ROWS) {
        const size_t n = rows.n - first < MU_SCORE_ROWS ? rows.n - first : MU_SCORE_ROWS;
        for (uint32_t m = 0; m < w->models; m++) {
            sum += mu_model_score(w->scorer, &rows, first, n, w->current[m]->data).loss;
        }
    }
    *loss = rows.n > 0 ? sum / (double)rows.n / w->models : 0;
    return MU_OK;
}

static int score_clients(struct mu_worker *w, int rank, int size, struct mu_err *err) {
    const uint32_t clients = mu_data_clients(w->setup->data);
    int code = MU_OK;
    memset(w->client_losses, 0, clients * sizeof *w->client_losses);
    for (uint64_t c = (uint64_t)rank; c < clients && code == MU_OK; c += (uint64_t)size) {
        code = score_client(w, (uint32_t)c, &w->client_losses[c], err);
    }
    mu_comm_sum_f64(w->comm, w->client_losses, clients);
    return code;
}

int mu_worker_score(struct mu_worker *w, bool train, struct mu_err *err) {
    const enum mu_activity before = mu_worker_begin(w, MU_EVALUATE);
    const int rank = mu_comm_rank(w->comm), size = mu_comm_size(w->comm);
    score_test(w, rank, size);
    const int code = train ? score_clients(w, rank, size, err) : MU_OK;
    mu_worker_begin(w, before);
    return code;
}
