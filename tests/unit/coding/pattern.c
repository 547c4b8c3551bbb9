/* The incremental tests of conformity against the models' definitions, and parameters that make no sense. */
#include "patterns.h"

/* Random rounds over words' borders: each answer must be that of the definition, and what conforms is kept. */
static void compare_with_definition(const struct mu_pattern *p, uint32_t n, double share, uint64_t seed, int *accepted,
                                    int *refused) {
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_STRAGGLER, 0, 0);
    struct mu_rounds past = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_rounds_start(&past, n, mu_pattern_depth(p), &err), MU_OK);
    uint64_t set[MOST_ROUNDS];
    for (int r = 0; r < MOST_ROUNDS;) {
        random_set(&rng, n, share, &set[r]);
        const bool conforms = mu_pattern_conforms(p, &past, &set[r]);
        assert_int_equal(conforms, conforms_by_definition(p, n, set, r + 1));
        *(conforms ? accepted : refused) += 1;
        share = conforms ? share : share * 0.9;
        if (conforms) {
            const uint32_t i = (uint32_t)mu_rng_below(&rng, n);
            const uint64_t before = set[r];
            const bool with = mu_pattern_conforms_with(p, &past, &set[r], i);
            assert_true(set[r] == before);
            set[r] |= UINT64_C(1) << i;
            assert_int_equal(with, conforms_by_definition(p, n, set, r + 1));
            set[r] = before;
            mu_rounds_push(&past, &set[r++]);
        }
    }
    mu_rounds_clear(&past);
}

static void answers_are_those_of_the_definition(void **state) {
    (void)state;
    int accepted = 0;
    int refused = 0;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct mu_rng rng;
        mu_rng_init(&rng, seed, MU_STREAM_SAMPLING, 0, 0);
        const uint32_t n = 1 + (uint32_t)mu_rng_below(&rng, 9);
        struct mu_pattern p = {(enum mu_pattern_model)(seed % 3), (uint32_t)mu_rng_below(&rng, n + 1), 0, 0};
        p.window = 1 + (uint32_t)mu_rng_below(&rng, 5) + (p.model == MU_PATTERN_BURSTY);
        p.burst = p.model == MU_PATTERN_BURSTY ? 1 + (uint32_t)mu_rng_below(&rng, p.window - 1)
                                               : (uint32_t)mu_rng_below(&rng, p.window + 1);
        compare_with_definition(&p, n, 0.5, seed, &accepted, &refused);
    }
    assert_true(accepted > 1000 && refused > 1000); /* neither answer is rare */
}

/* Negative control: the definition tells a window of one round more apart. */
static void another_window_is_another_model(void **state) {
    (void)state;
    const struct mu_pattern narrow = {MU_PATTERN_BURSTY, 2, 1, 2};
    const struct mu_pattern wide = {MU_PATTERN_BURSTY, 2, 1, 3};
    const uint64_t set[] = {1, 0, 1};
    assert_true(conforms_by_definition(&narrow, 3, set, 3));
    assert_false(conforms_by_definition(&wide, 3, set, 3));
}

/* Sets of more than one word: worker 70 straggles twice within W = 3. */
static void workers_beyond_the_first_word_count(void **state) {
    (void)state;
    const struct mu_pattern p = {MU_PATTERN_BURSTY, 2, 1, 3};
    struct mu_rounds past = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_rounds_start(&past, 100, mu_pattern_depth(&p), &err), MU_OK);
    uint64_t set[2] = {0};
    mu_bits_add(set, 70);
    mu_rounds_push(&past, set);
    mu_rounds_push_empty(&past);
    assert_false(mu_pattern_conforms(&p, &past, set));
    mu_bits_clear(set, 2);
    mu_bits_add(set, 71);
    assert_true(mu_pattern_conforms(&p, &past, set));
    mu_bits_add(set, 1); /* 1, 70 and 71 are one too many */
    assert_false(mu_pattern_conforms(&p, &past, set));
    mu_rounds_push_empty(&past); /* round 0 is out of the window */
    assert_true(mu_pattern_conforms(&p, &past, set));
    mu_rounds_clear(&past);
}

static void parameters_are_checked(void **state) {
    (void)state;
    static const struct {
        struct mu_pattern pattern;
        const char *text; /* NULL: they are right */
    } cases[] = {
        {{MU_PATTERN_PER_ROUND, 4, 0, 0}, NULL},
        {{MU_PATTERN_PER_ROUND, 5, 0, 0}, "5 stragglers of only 4 workers"},
        {{MU_PATTERN_BURSTY, 4, 1, 2}, NULL},
        {{MU_PATTERN_BURSTY, 4, 2, 2}, "B = 2 must be at least 1 and less than W = 2"},
        {{MU_PATTERN_BURSTY, 4, 0, 2}, "B = 0 must be at least 1 and less than W = 2"},
        {{MU_PATTERN_ARBITRARY, 4, 2, 2}, NULL},
        {{MU_PATTERN_ARBITRARY, 4, 3, 2}, "3 straggling rounds in a window of only 2"},
        {{MU_PATTERN_ARBITRARY, 4, 0, 0}, "a window needs at least 1 round"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_err err = {0};
        const int code = mu_pattern_check(&cases[k].pattern, 4, "here", &err);
        assert_int_equal(code, cases[k].text == NULL ? MU_OK : MU_BAD_CONFIG);
        assert_string_equal(err.text, cases[k].text == NULL ? "" : cases[k].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_the_definition),
        cmocka_unit_test(another_window_is_another_model),
        cmocka_unit_test(workers_beyond_the_first_word_count),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
