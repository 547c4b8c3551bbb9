/* mu_suggest: near enough is suggested, far is not. Distances from the definition of Damerau-Levenshtein. */
#include "harness.h"
#include "text.h"

static const char *suggest(const char *typed, const char *const *words) {
    struct mu_suggestion s = {.typed = typed};
    for (; *words != NULL; words++) {
        mu_suggest(&s, *words);
    }
    return s.best;
}

static const char *const words[] = {"strategy", "optimizer", "importance", "kind", "lr", "fedavg", "fedbuff", NULL};

static void one_slip_of_each_sort_is_forgiven(void **state) {
    (void)state;
    assert_string_equal(suggest("stratgey", words), "strategy"); /* transposition */
    assert_string_equal(suggest("stratey", words), "strategy");  /* deletion */
    assert_string_equal(suggest("strateggy", words), "strategy");
    assert_string_equal(suggest("stratepy", words), "strategy");
    assert_string_equal(suggest("kidn", words), "kind");
    assert_string_equal(suggest("optimiser", words), "optimizer");
    assert_string_equal(suggest("fedavgg", words), "fedavg");
}

static void letter_case_and_hyphens_are_no_slips(void **state) {
    (void)state;
    assert_string_equal(suggest("LR", words), "lr");
    assert_string_equal(suggest("FedBuff", words), "fedbuff");
    const char *const under[] = {"batch_size", NULL};
    assert_string_equal(suggest("Batch-Size", under), "batch_size");
}

static void far_words_are_not_suggested(void **state) {
    (void)state;
    assert_null(suggest("clients", words));
    assert_null(suggest("ls", words)); /* a short word has no letter to spare */
    assert_null(suggest("", words));
    assert_null(suggest("xxxxategy", words)); /* 4 of 9 */
    char long_word[101];
    memset(long_word, 'a', 100);
    long_word[100] = '\0';
    assert_null(suggest(long_word, words));
}

static void the_nearest_wins_and_the_first_of_equals(void **state) {
    (void)state;
    const char *const near[] = {"fedavgm", "fedavg", NULL};
    assert_string_equal(suggest("fedavf", near), "fedavg");
    const char *const equal[] = {"abcx", "abcy", NULL};
    assert_string_equal(suggest("abcz", equal), "abcx");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slip_of_each_sort_is_forgiven),
        cmocka_unit_test(letter_case_and_hyphens_are_no_slips),
        cmocka_unit_test(far_words_are_not_suggested),
        cmocka_unit_test(the_nearest_wins_and_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
