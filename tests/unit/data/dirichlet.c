/* dirichlet: the skew has the expected size, balanced clients have one size, and the floor holds. */
#include "unit/data/helper.h"

enum { CLIENTS = 100, CLASSES = 10, ROWS = 100000 };

/* Mean over clients and classes of (share of a class's rows that a client has - 1 / clients)^2. */
static double class_variance(const struct mu_data *data) {
    double sum = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        const struct mu_rows rows = client_rows(data, i);
        double count[CLASSES] = {0};
        for (size_t k = 0; k < rows.n; k++) {
            count[rows.label[k]]++;
        }
        for (size_t c = 0; c < CLASSES; c++) {
            const double off = count[c] / (ROWS / CLASSES) - 1.0 / CLIENTS;
            sum += off * off;
        }
    }
    return sum / (CLIENTS * CLASSES);
}

/* The share is Beta(alpha, 99 alpha): variance 99 / (100^2 (100 alpha + 1)). The mean of the squares over 1000 nearly
 * independent shares has a relative standard error of at most about 0.25 for alpha >= 0.1 (its kurtosis is below 60):
 * the limits are a factor of 2. */
static void shares_vary_as_alpha_says(void **state) {
    (void)state;
    static const double alphas[] = {0.1, 0.3, 1, 10};
    struct opened opened;
    for (size_t a = 0; a < 4; a++) {
        const struct mu_data *const data = open_data(&opened, 5,
                                                     "{'source': 'blobs', 'samples': %d, 'features': 1, 'clients': %d, "
                                                     "'partition': {'kind': 'dirichlet', 'alpha': %g}}",
                                                     ROWS, CLIENTS, alphas[a]);
        const double ratio = class_variance(data) / (99.0 / 1e4 / (100 * alphas[a] + 1));
        assert_true(ratio > 0.5 && ratio < 2);
        /* Negative control: four times the concentration would be outside. */
        const double wrong = class_variance(data) / (99.0 / 1e4 / (400 * alphas[a] + 1));
        assert_true(wrong > 2);
        close_data(&opened);
    }
}

static void balanced_clients_have_one_size_and_their_own_classes(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 5,
                                                 "{'source': 'blobs', 'samples': 10007, 'clients': 100, 'partition': "
                                                 "{'kind': 'dirichlet', 'alpha': 0.5, 'balanced': true}}");
    size_t nearly_pure = 0;
    for (uint32_t i = 0; i < 100; i++) {
        const struct mu_rows rows = client_rows(data, i);
        size_t count[CLASSES] = {0}, most = 0;
        assert_in_range(rows.n, 100, 101);
        for (size_t k = 0; k < rows.n; k++) {
            count[rows.label[k]]++;
        }
        for (size_t c = 0; c < CLASSES; c++) {
            most = count[c] > most ? count[c] : most;
        }
        nearly_pure += most > 80;
    }
    /* q ~ Dir(0.05, ...): the largest component exceeds 0.8 with probability above 0.5; iid clients never would. */
    assert_true(nearly_pure > 25);
    close_data(&opened);
}

static void the_floor_holds_for_extreme_skew(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 2,
                                                 "{'source': 'blobs', 'samples': 1000, 'clients': 200, 'partition': "
                                                 "{'kind': 'dirichlet', 'alpha': 0.001, 'min_samples': 3}}");
    uint64_t total = 0;
    for (uint32_t i = 0; i < 200; i++) {
        assert_true(mu_data_size(data, i) >= 3);
        total += mu_data_size(data, i);
    }
    assert_int_equal(total, 1000);
    close_data(&opened);
    expect_bad_data("/data/partition/min_samples", "200 clients cannot have 6 rows",
                    "{'source': 'blobs', 'samples': 1000, 'clients': 200, 'partition': "
                    "{'kind': 'dirichlet', 'min_samples': 6}}");
    expect_bad_data("/data/partition/alpha", "", "{'source': 'blobs', 'partition': {'kind': 'dirichlet', 'alpha': 0}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_vary_as_alpha_says),
        cmocka_unit_test(balanced_clients_have_one_size_and_their_own_classes),
        cmocka_unit_test(the_floor_holds_for_extreme_skew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
