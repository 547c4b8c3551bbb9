/* Scores of fixed blocks of rows. What ranks share out is tested on one rank here, and on several in tests/scenario. */
#include "support_script.h"

#include "worker.h"

enum { TEST_ROWS = 2 * MU_SCORE_ROWS + 203, BLOCKS = 3 };

struct fixture {
    struct engine *e;
    struct mu_worker *w;
    struct mu_workspace *ws;
    double x[64];
};

static struct fixture make(const char *evaluate, const char *data) {
    struct fixture f = {0};
    script = (struct script){0};
    f.e = engine_new(&(struct engine_config){.data = data,
                                             .model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}",
                                             .stop = "{\"steps\": 1}",
                                             .evaluate = evaluate,
                                             .strategy = &scripted});
    mu_worker_new(&f.w, &f.e->setup, &f.e->err);
    mu_workspace_new(&f.ws, f.e->model, 4000, &f.e->err);
    support_expect_ok(&f.e->err);
    const size_t dim = mu_model_dim(f.e->model);
    assert_true(dim <= 64);
    for (size_t i = 0; i < dim; i++) {
        f.x[i] = sin((double)i);
    }
    memcpy(mu_worker_next(f.w), f.x, dim * sizeof *f.x);
    const struct mu_install_command command = {{MU_COMMAND_INSTALL, sizeof command}, 0};
    mu_worker_obey(f.w, &command, sizeof command, &f.e->err);
    return f;
}

static void score(struct fixture *f, bool train) {
    const struct mu_evaluate_command command = {{MU_COMMAND_EVALUATE, sizeof command}, train};
    mu_worker_obey(f->w, &command, sizeof command, &f->e->err);
    support_expect_ok(&f->e->err);
}

static void free_fixture(struct fixture *f) {
    mu_workspace_free(f->ws);
    mu_worker_free(f->w);
    engine_free(f->e);
}

#define BLOBS(clients)                                                                                     \
    "{\"source\": \"blobs\", \"samples\": 2500, \"test_samples\": 1203, \"features\": 6, \"classes\": 4, " \
    "\"separation\": 1, \"clients\": " clients "}"

static void each_block_is_scored_as_a_whole(void **state) {
    (void)state;
    struct fixture f = make(NULL, BLOBS("4"));
    const struct mu_rows *const rows = mu_data_test(f.e->data);
    assert_int_equal(rows->n, TEST_ROWS);
    for (int twice = 0; twice < 2; twice++) { /* nothing is left over from the last time */
        score(&f, false);
        size_t blocks = 0;
        const double *const found = mu_worker_scores(f.w, &blocks);
        assert_int_equal(blocks, BLOCKS);
        for (size_t b = 0; b < blocks; b++) {
            const size_t n = b < 2 ? MU_SCORE_ROWS : 203;
            const struct mu_score expected = mu_model_score(f.ws, rows, b * MU_SCORE_ROWS, n, f.x);
            assert_true(found[2 * b] == expected.loss);
            assert_true(found[2 * b + 1] == (double)expected.correct);
            assert_true(expected.correct > 0 && expected.correct < n);
        }
    }
    free_fixture(&f);
}

/* A client of more rows than a block (2500), and clients of few (25). */
static void a_clients_loss_is_the_mean_over_its_rows(void **state) {
    (void)state;
    static const char *const data[] = {BLOBS("1"), BLOBS("100")};
    for (size_t k = 0; k < 2; k++) {
        struct fixture f = make("{\"train\": \"full\"}", data[k]);
        score(&f, true);
        const double *const loss = mu_worker_client_losses(f.w);
        for (uint32_t i = 0; i < mu_data_clients(f.e->data); i++) {
            struct mu_space space = {0};
            struct mu_rows rows;
            mu_data_client(f.e->data, i, &space, &rows, &f.e->err);
            const double expected = mu_model_score(f.ws, &rows, 0, rows.n, f.x).loss / (double)rows.n;
            assert_true(fabs(loss[i] - expected) < 1e-12 * expected);
            mu_space_clear(&space);
        }
        free_fixture(&f);
    }
}

static void without_test_rows_there_are_no_blocks(void **state) {
    (void)state;
    struct fixture f = make(NULL, "{\"source\": \"blobs\", \"samples\": 20, \"test_samples\": 0, \"features\": 6, "
                                  "\"classes\": 4, \"clients\": 2}");
    score(&f, false);
    size_t blocks = 9;
    (void)mu_worker_scores(f.w, &blocks);
    assert_int_equal(blocks, 0);
    assert_null(mu_worker_client_losses(f.w)); /* nobody asked for them */
    free_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_block_is_scored_as_a_whole),
        cmocka_unit_test(a_clients_loss_is_the_mean_over_its_rows),
        cmocka_unit_test(without_test_rows_there_are_no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
