/* iid: equal sizes up to one row, labels even up to chance. */
#include "unit/data/helper.h"

static void sizes_differ_by_at_most_one(void **state) {
    (void)state;
    struct opened opened;
    for (uint32_t clients = 1; clients <= 1003; clients += 167) {
        const struct mu_data *const data =
            open_data(&opened, 1, "{'source': 'blobs', 'samples': 1003, 'clients': %u}", clients);
        for (uint32_t i = 0; i < clients; i++) {
            assert_in_range(mu_data_size(data, i), 1003 / clients, (1003 + clients - 1) / clients);
        }
        close_data(&opened);
    }
}

/* A client's label counts are hypergeometric; Pearson's statistic over 20 clients x 10 classes has nearly 19 x 9
 * degrees of freedom: as a normal score within +-4.9 (error rate 1e-6). */
static double label_score(const char *partition) {
    enum { CLIENTS = 20, CLASSES = 10 };
    struct opened opened;
    const struct mu_data *const data = open_data(
        &opened, 3, "{'source': 'blobs', 'samples': 20000, 'clients': %d, 'partition': %s}", CLIENTS, partition);
    double sum = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        const struct mu_rows rows = client_rows(data, i);
        double count[CLASSES] = {0};
        for (size_t k = 0; k < rows.n; k++) {
            count[rows.label[k]]++;
        }
        for (size_t c = 0; c < CLASSES; c++) {
            const double expected = (double)rows.n / CLASSES;
            sum += (count[c] - expected) * (count[c] - expected) / expected;
        }
    }
    close_data(&opened);
    const double freedom = (CLIENTS - 1) * (CLASSES - 1);
    return (sum - freedom) / sqrt(2 * freedom);
}

static void labels_are_even_up_to_chance(void **state) {
    (void)state;
    assert_true(fabs(label_score("{'kind': 'iid'}")) < SUPPORT_SCORE_LIMIT);
    /* Negative control: a mild skew is seen. */
    assert_true(label_score("{'kind': 'dirichlet', 'alpha': 20}") > SUPPORT_SCORE_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_differ_by_at_most_one),
        cmocka_unit_test(labels_are_even_up_to_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
