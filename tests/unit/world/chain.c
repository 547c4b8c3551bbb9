/* The stationary two-state chain with random access (src/world/straggler/chain.h), for short and long memories. Error
 * rates are 1e-6 a check, seeds are fixed. */
#include "support.h"

#include "straggler/chain.h"

enum { STEPS = 40000 };

static const struct {
    double p, q;
    int level; /* where the memory (1 - p - q)^(2^level) has fallen to 1/2 */
} chains[] = {
    {0.05, 0.9, 0},  {0.3, 0.7, 0},  {0.1, 0.2, 1},    {0.05, 0.05, 3},
    {0.01, 0.03, 5}, {0.9, 0.95, 3}, {0.002, 0.01, 6}, {0.97, 0.2, 0},
};
enum { CHAINS = sizeof chains / sizeof *chains };

enum { WALKS = 8 };
static bool states[WALKS][STEPS];

static void walk_all(const struct mu_chain *chain) {
    for (uint32_t w = 0; w < WALKS; w++) {
        for (uint32_t i = 0; i < STEPS; i++) {
            states[w][i] = mu_chain_bad(chain, 3, w, i);
        }
    }
}

/* The score of k changes in n tries of probability p. */
static double score_of(double k, double n, double p) {
    return (k - n * p) / sqrt(n * p * (1 - p));
}

/* Scores of the transitions good to bad and bad to good against p and q: given the state, they are independent. */
static void score_transitions(double p, double q, double score[2]) {
    double n[2] = {0, 0};
    double changed[2] = {0, 0};
    for (size_t w = 0; w < WALKS; w++) {
        for (size_t i = 0; i + 1 < STEPS; i++) {
            n[states[w][i]] += 1;
            changed[states[w][i]] += states[w][i + 1] != states[w][i];
        }
    }
    score[0] = score_of(changed[0], n[0], p);
    score[1] = score_of(changed[1], n[1], q);
}

static void transitions_have_their_probabilities(void **state) {
    (void)state;
    for (size_t c = 0; c < CHAINS; c++) {
        struct mu_chain chain;
        mu_chain_init(&chain, chains[c].p, chains[c].q);
        assert_int_equal(chain.level, chains[c].level);
        walk_all(&chain);
        double score[2];
        score_transitions(chains[c].p, chains[c].q, score);
        if (!(fabs(score[0]) < SUPPORT_SCORE_LIMIT) || !(fabs(score[1]) < SUPPORT_SCORE_LIMIT)) {
            fail_msg("p %g q %g: scores %g %g", chains[c].p, chains[c].q, score[0], score[1]);
        }
        /* Control: other probabilities are refused. */
        score_transitions(0.7 * chains[c].p, 0.7 * chains[c].q, score);
        assert_true(fabs(score[0]) > SUPPORT_SCORE_LIMIT && fabs(score[1]) > SUPPORT_SCORE_LIMIT);
    }
}

/* The score of transitions good to bad, of those whose state before the good one was `before`. */
static double score_before(double p, bool before, double *expected) {
    double n = 0;
    double changed = 0;
    for (size_t w = 0; w < WALKS; w++) {
        for (size_t i = 1; i + 1 < STEPS; i++) {
            const bool counted = !states[w][i] && states[w][i - 1] == before;
            n += counted;
            changed += counted && states[w][i + 1];
        }
    }
    *expected = n * p;
    return score_of(changed, n, p);
}

/* A chain does not remember the state before the last. */
static void the_past_before_the_last_step_does_not_matter(void **state) {
    (void)state;
    size_t controls = 0;
    for (size_t c = 0; c < CHAINS; c++) {
        struct mu_chain chain;
        mu_chain_init(&chain, chains[c].p, chains[c].q);
        walk_all(&chain);
        double expected = 0;
        assert_true(fabs(score_before(chains[c].p, false, &expected)) < SUPPORT_SCORE_LIMIT);
        assert_true(fabs(score_before(chains[c].p, true, &expected)) < SUPPORT_SCORE_LIMIT);
        /* Control: holding each state for two steps is a longer memory. */
        for (size_t w = 0; w < WALKS; w++) {
            for (size_t i = STEPS; i-- > 0;) {
                states[w][i] = states[w][i / 2];
            }
        }
        const double score = score_before(chains[c].p, true, &expected);
        if (expected > 100) {
            assert_true(fabs(score) > SUPPORT_SCORE_LIMIT);
            controls++;
        }
    }
    assert_true(controls >= 5);
}

/* The score of transitions good to bad into and out of the multiples of the stride. */
static double score_joints(double p, uint32_t stride) {
    double n = 0;
    double changed = 0;
    for (size_t w = 0; w < WALKS; w++) {
        for (size_t i = 0; i + 1 < STEPS; i++) {
            const bool counted = !states[w][i] && (i % stride == 0 || (i + 1) % stride == 0);
            n += counted;
            changed += counted && states[w][i + 1];
        }
    }
    return score_of(changed, n, p);
}

static void stretches_are_joined_without_a_seam(void **state) {
    (void)state;
    size_t controls = 0;
    for (size_t c = 0; c < CHAINS; c++) {
        struct mu_chain chain;
        mu_chain_init(&chain, chains[c].p, chains[c].q);
        const uint32_t stride = UINT32_C(1) << chain.level;
        walk_all(&chain);
        assert_true(fabs(score_joints(chains[c].p, stride)) < SUPPORT_SCORE_LIMIT);
        if (chain.level < 2) {
            continue;
        }
        /* Control: stretches of different chains, each right by itself. */
        for (uint32_t w = 0; w < WALKS; w++) {
            for (uint32_t i = 0; i < STEPS; i++) {
                states[w][i] = mu_chain_bad(&chain, 3, w + WALKS * (i >> chain.level), i);
            }
        }
        assert_true(fabs(score_joints(chains[c].p, stride)) > SUPPORT_SCORE_LIMIT);
        controls++;
    }
    assert_true(controls >= 3);
}

/* Over many clients at one step: the stationary law, at the first step and in the middle of a stretch. */
static void every_step_has_the_stationary_law(void **state) {
    (void)state;
    const uint32_t steps[] = {0, 1, 5, 37, 4000000000U};
    for (size_t c = 0; c < CHAINS; c++) {
        struct mu_chain chain;
        mu_chain_init(&chain, chains[c].p, chains[c].q);
        const double share = chains[c].p / (chains[c].p + chains[c].q);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            double bad = 0;
            for (uint32_t who = 0; who < 4000; who++) {
                bad += mu_chain_bad(&chain, 1, who, steps[i]);
            }
            assert_true(fabs(bad - 4000 * share) < SUPPORT_SCORE_LIMIT * sqrt(4000 * share * (1 - share)));
            const double off = share < 0.5 ? share + 0.15 : share - 0.15;
            assert_true(fabs(bad - 4000 * off) > SUPPORT_SCORE_LIMIT * sqrt(4000 * off * (1 - off)));
        }
    }
}

static void the_order_of_asking_does_not_matter(void **state) {
    (void)state;
    for (size_t c = 0; c < CHAINS; c++) {
        struct mu_chain chain;
        mu_chain_init(&chain, chains[c].p, chains[c].q);
        walk_all(&chain);
        bool differs = false;
        for (uint32_t i = 0; i < 4000; i++) {
            const uint32_t step = (i * 2654435761U) % STEPS;
            assert_true(mu_chain_bad(&chain, 3, 1, step) == states[1][step]);
            differs = differs || mu_chain_bad(&chain, 3, 2, step) != states[1][step];
        }
        assert_true(differs);
    }
}

static void degenerate_chains_stand_still_or_alternate(void **state) {
    (void)state;
    struct mu_chain chain;
    mu_chain_init(&chain, 0, 0);
    assert_false(mu_chain_bad(&chain, 1, 1, 123456));
    mu_chain_init(&chain, 0, 0.5);
    assert_false(mu_chain_bad(&chain, 1, 1, 99));
    mu_chain_init(&chain, 0.5, 0);
    assert_true(mu_chain_bad(&chain, 1, 1, 0) && mu_chain_bad(&chain, 1, 1, 99));
    mu_chain_init(&chain, 1, 0);
    assert_true(mu_chain_bad(&chain, 1, 1, 0) && mu_chain_bad(&chain, 1, 1, 4294967295U));
    mu_chain_init(&chain, 1, 1);
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(mu_chain_bad(&chain, 1, 1, i) != mu_chain_bad(&chain, 1, 1, i + 1));
    }
    mu_chain_init(&chain, 1e-12, 1e-12); /* remembers for ever, but costs no more than 31 draws */
    assert_true(mu_chain_bad(&chain, 1, 1, 7) == mu_chain_bad(&chain, 1, 1, 4000000000U));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transitions_have_their_probabilities),
        cmocka_unit_test(the_past_before_the_last_step_does_not_matter),
        cmocka_unit_test(stretches_are_joined_without_a_seam),
        cmocka_unit_test(every_step_has_the_stationary_law),
        cmocka_unit_test(the_order_of_asking_does_not_matter),
        cmocka_unit_test(degenerate_chains_stand_still_or_alternate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
