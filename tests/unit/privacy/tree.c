/* Tree noise: variances of N_t, what it shares with earlier steps, restarts, and going on after a checkpoint. */
#include "muster/privacy/privacy.h"

#include "support.h"

#include "muster/base/mem.h"

enum { DIM = 40000, STEPS = 13 };
static const struct mu_noise_key key = {{21, 22, 23, 24}};
static const double std = 1.5;

static struct mu_tree *make(enum mu_tree_kind kind, size_t dim, int64_t restart) {
    struct mu_err err = {0};
    struct mu_tree *tree = NULL;
    assert_int_equal(mu_tree_new(&tree, kind, &key, 0, std, dim, restart, &err), MU_OK);
    return tree;
}

static void add(struct mu_tree *tree, double *x) {
    struct mu_err err = {0};
    assert_int_equal(mu_tree_add(tree, x, &err), MU_OK);
}

static double mean_square(size_t n, const double *x) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i] * x[i];
    }
    return sum / (double)n;
}

/* By hand: binary nodes have variance 1, Honaker's of level j 1 / (2 - 2^-j). */
static void variances_by_hand(void **state) {
    (void)state;
    assert_true(mu_tree_variance(MU_TREE_BINARY, 7) == 3 && mu_tree_variance(MU_TREE_BINARY, 8) == 1);
    assert_true(mu_tree_variance(MU_TREE_BINARY, 0) == 0);
    assert_true(fabs(mu_tree_variance(MU_TREE_HONAKER, 7) - (1 + 1 / 1.5 + 1 / 1.75)) < 1e-15);
    assert_true(fabs(mu_tree_variance(MU_TREE_HONAKER, 8) - 1 / 1.875) < 1e-15);
}

static void noise_has_these_variances(void **state) {
    (void)state;
    static double x[DIM];
    for (int kind = MU_TREE_BINARY; kind <= MU_TREE_HONAKER; kind++) {
        struct mu_tree *tree = make((enum mu_tree_kind)kind, DIM, MU_UNSET);
        memset(x, 0, sizeof x);
        for (int64_t t = 1; t <= STEPS; t++) {
            add(tree, x); /* the differences add up to N_t */
            const double expected = std * std * mu_tree_variance((enum mu_tree_kind)kind, t);
            const double limit = SUPPORT_SCORE_LIMIT * sqrt(2.0 / DIM);
            assert_true(fabs(mean_square(DIM, x) / expected - 1) < limit);
            assert_true(fabs(mean_square(DIM, x) / (1.1 * expected) - 1) > limit);
        }
        assert_int_equal(mu_tree_steps(tree), STEPS);
        mu_tree_free(tree);
    }
}

/* N_2 and N_3 of the binary tree share the node over steps 1 and 2: their difference is one node. */
static void nodes_are_drawn_once(void **state) {
    (void)state;
    static double x[DIM];
    struct mu_tree *tree = make(MU_TREE_BINARY, DIM, MU_UNSET);
    add(tree, x);
    add(tree, x);
    memset(x, 0, sizeof x);
    add(tree, x);
    assert_true(fabs(mean_square(DIM, x) / (std * std) - 1) < SUPPORT_SCORE_LIMIT * sqrt(2.0 / DIM));
    mu_tree_free(tree);
}

static void a_restart_begins_a_new_tree(void **state) {
    (void)state;
    static double x[DIM];
    memset(x, 0, sizeof x);
    struct mu_tree *tree = make(MU_TREE_BINARY, DIM, 4);
    for (int64_t t = 1; t <= 8; t++) {
        add(tree, x);
    }
    /* Two finished trees, one root each. */
    assert_true(fabs(mean_square(DIM, x) / (2 * std * std) - 1) < SUPPORT_SCORE_LIMIT * sqrt(2.0 / DIM));
    mu_tree_free(tree);
}

static void seeking_gives_the_same_bits(void **state) {
    (void)state;
    enum { FEW = 9, MANY = 23 };
    static const int64_t restarts[] = {MU_UNSET, 5, 8};
    struct mu_err err = {0};
    for (size_t r = 0; r < 3; r++) {
        for (int kind = MU_TREE_BINARY; kind <= MU_TREE_HONAKER; kind++) {
            double step[MANY][FEW] = {{0}};
            struct mu_tree *tree = make((enum mu_tree_kind)kind, FEW, restarts[r]);
            for (int t = 0; t < MANY; t++) {
                add(tree, step[t]);
            }
            for (int from = 0; from < MANY; from++) {
                struct mu_tree *other = make((enum mu_tree_kind)kind, FEW, restarts[r]);
                assert_int_equal(mu_tree_seek(other, from, &err), MU_OK);
                for (int t = from; t < MANY; t++) {
                    double x[FEW] = {0};
                    add(other, x);
                    assert_memory_equal(x, step[t], sizeof x);
                }
                mu_tree_free(other);
            }
            assert_int_equal(mu_tree_seek(tree, 0, &err), MU_OK);
            double x[FEW] = {0};
            add(tree, x);
            assert_memory_equal(x, step[0], sizeof x);
            mu_tree_free(tree);
        }
    }
}

static void heights(void **state) {
    (void)state;
    static const struct {
        int64_t steps;
        int height;
    } cases[] = {{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {7, 3}, {8, 4}, {100, 7}, {1600, 11}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mu_tree_height(cases[i].steps), cases[i].height);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variances_by_hand),           cmocka_unit_test(noise_has_these_variances),
        cmocka_unit_test(nodes_are_drawn_once),        cmocka_unit_test(a_restart_begins_a_new_tree),
        cmocka_unit_test(seeking_gives_the_same_bits), cmocka_unit_test(heights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
