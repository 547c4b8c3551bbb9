/* A contract that every code of the registry keeps, and what cannot be built. */
#include "codes.h"

enum { N = 24, S = 3 };

/* Options that a kind needs; the scheme says s. */
static const char *options_of(const char *name, char text[64]) {
    snprintf(text, 64, "{\"kind\": \"%s\"}", name);
    return text;
}

static int64_t s_of(const char *name) {
    return strcmp(name, "identity") == 0 ? 0 : S;
}

static struct mu_coding *build_row(size_t row, uint64_t seed) {
    char text[64];
    const char *name = mu_codes.rows[row]->name;
    return must_build(options_of(name, text), N, s_of(name), seed);
}

static void tables_are_right(void **state) {
    (void)state;
    struct mu_err err = {0};
    assert_int_equal(mu_group_verify(&code_group, &err), MU_OK);
}

static void every_chunk_is_held_and_counted(void **state) {
    (void)state;
    for (size_t row = 0; row < mu_codes.n; row++) {
        struct mu_coding *coding = build_row(row, 1);
        const struct mu_coding_facts *facts = mu_coding_facts(coding);
        uint32_t holders[N] = {0};
        uint32_t entries = 0;
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t *chunk;
            const double *coefficient;
            const uint32_t held = mu_coding_support(coding, i, &chunk, &coefficient);
            assert_true(held <= facts->held_most);
            for (uint32_t k = 0; k < held; k++) {
                assert_true(chunk[k] < N);
                assert_true(coefficient[k] != 0 && fabs(coefficient[k]) <= facts->largest);
                holders[chunk[k]]++;
            }
            entries += held;
        }
        for (uint32_t j = 0; j < N; j++) {
            assert_true(holders[j] >= (facts->exact ? facts->s + 1 : 1));
        }
        assert_true(fabs(facts->load - (double)entries / N / N) < 1e-15);
        assert_int_not_equal(strcmp(facts->name, "auto"), 0);
        mu_coding_free(coding);
    }
}

static void the_seed_makes_the_code(void **state) {
    (void)state;
    for (size_t row = 0; row < mu_codes.n; row++) {
        struct mu_coding *one = build_row(row, 7);
        struct mu_coding *same = build_row(row, 7);
        struct mu_coding *other = build_row(row, 8);
        bool differs = false;
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t *chunk[3];
            const double *c[3];
            const uint32_t held = mu_coding_support(one, i, &chunk[0], &c[0]);
            assert_int_equal(mu_coding_support(same, i, &chunk[1], &c[1]), held);
            assert_memory_equal(chunk[0], chunk[1], held * sizeof(uint32_t));
            assert_memory_equal(c[0], c[1], held * sizeof(double));
            differs = differs || mu_coding_support(other, i, &chunk[2], &c[2]) != held ||
                      memcmp(chunk[0], chunk[2], held * sizeof(uint32_t)) != 0 ||
                      memcmp(c[0], c[2], held * sizeof(double)) != 0;
        }
        assert_int_equal(differs, mu_coding_facts(one)->draws > 0);
        mu_coding_free(one);
        mu_coding_free(same);
        mu_coding_free(other);
    }
}

/* From everybody, and from any n - s: what can_decode says holds, and stragglers weigh nothing. */
static void enough_arrivals_decode(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 3, MU_STREAM_SAMPLING, 0, 0);
    for (size_t row = 0; row < mu_codes.n; row++) {
        struct mu_coding *coding = build_row(row, 1);
        const struct mu_coding_facts *facts = mu_coding_facts(coding);
        for (uint32_t k = 0; k < 30; k++) {
            uint64_t arrived[CODE_WORDS];
            double a[N];
            struct mu_decoding d;
            struct mu_err err = {0};
            all_but(arrived, N, k == 0 ? 0 : facts->s, 0, &rng);
            assert_true(mu_coding_can_decode(coding, arrived));
            assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
            assert_true(d.decoded);
            assert_true(facts->exact ? d.residual < 1e-9 : d.error <= 0.25);
            for (uint32_t i = 0; i < N; i++) {
                assert_true(mu_bits_has(arrived, i) || a[i] == 0);
            }
        }
        mu_coding_free(coding);
    }
}

/* Nobody arrived: no code decodes that. */
static void nothing_decodes_from_nobody(void **state) {
    (void)state;
    for (size_t row = 0; row < mu_codes.n; row++) {
        struct mu_coding *coding = build_row(row, 1);
        const uint64_t nobody[CODE_WORDS] = {0};
        double a[N];
        struct mu_decoding d;
        struct mu_err err = {0};
        assert_false(mu_coding_can_decode(coding, nobody));
        assert_int_equal(mu_coding_decode(coding, nobody, a, &d, &err), MU_OK);
        assert_false(d.decoded);
        assert_true(isnan(a[0]) && isnan(a[N - 1]));
        mu_coding_free(coding);
    }
}

static void auto_takes_frc_where_it_divides(void **state) {
    (void)state;
    static const struct {
        uint32_t n, s;
        const char *name;
    } cases[] = {{12, 3, "frc"}, {12, 4, "cyclic"}, {12, 0, "frc"}, {12, 11, "frc"}, {7, 2, "cyclic"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_coding *coding = must_build("{\"kind\": \"auto\"}", cases[k].n, cases[k].s, 1);
        assert_string_equal(mu_coding_facts(coding)->name, cases[k].name);
        mu_coding_free(coding);
    }
}

static void a_request_without_a_choice_is_auto(void **state) {
    (void)state;
    struct mu_coding *coding;
    struct mu_err err = {0};
    const struct mu_code_request request = {.n = 9, .s = 2};
    assert_int_equal(mu_coding_new(&coding, &request, &err), MU_OK);
    assert_string_equal(mu_coding_facts(coding)->name, "frc");
    mu_coding_free(coding);
}

static void what_cannot_be_built_is_said(void **state) {
    (void)state;
    static const struct {
        const char *json;
        uint32_t n;
        int64_t s;
        const char *text;
    } cases[] = {
        {"{\"kind\": \"frc\", \"s\": 4}", 12, MU_UNSET,
         "frc needs s + 1 to divide the number of workers: 5 does not divide 12"},
        {"{\"kind\": \"cyclic\", \"s\": 12}", 12, MU_UNSET, "s = 12 stragglers of 12 workers: s must be in 0..11"},
        {"{\"kind\": \"cyclic\"}", 12, MU_UNSET, "s, the number of stragglers to tolerate, is missing"},
        {"{\"kind\": \"frc\", \"s\": 2}", 12, 3, "the code tolerates s = 2 stragglers, but the scheme needs s = 3"},
        {"{\"kind\": \"identity\"}", 12, 1, "the code tolerates s = 0 stragglers, but the scheme needs s = 1"},
        {"{\"kind\": \"cyclic\", \"s\": 2}", 5000, MU_UNSET,
         "the code cyclic is built for at most 4096 workers, not 5000"},
        {"{\"kind\": \"expander\", \"s\": 2, \"degree\": 13}", 12, MU_UNSET, "degree 13 with only 12 chunks"},
        {"{\"kind\": \"sbm\", \"s\": 2, \"communities\": 13}", 12, MU_UNSET, "13 communities of 12 workers"},
        {"{\"kind\": \"frc\", \"s\": 0}", 0, MU_UNSET, "a code needs at least one worker"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_err err = {0};
        assert_null(build_code(cases[k].json, cases[k].n, cases[k].s, 1, &err));
        assert_int_equal(err.code, MU_BAD_CONFIG);
        assert_string_equal(err.text, cases[k].text);
        assert_string_equal(err.place, "test: /code");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_right),
        cmocka_unit_test(every_chunk_is_held_and_counted),
        cmocka_unit_test(the_seed_makes_the_code),
        cmocka_unit_test(enough_arrivals_decode),
        cmocka_unit_test(nothing_decodes_from_nobody),
        cmocka_unit_test(auto_takes_frc_where_it_divides),
        cmocka_unit_test(a_request_without_a_choice_is_auto),
        cmocka_unit_test(what_cannot_be_built_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
