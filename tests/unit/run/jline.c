#include "support.h"

#include "jline.h"
#include "muster/base/rng.h"

static void numbers_read_back_to_the_same_bits(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_DATA, 0, 0);
    for (int i = 0; i < 200000; i++) {
        double value = 0;
        const uint64_t bits = mu_rng_u64(&rng);
        memcpy(&value, &bits, sizeof value);
        if (i % 4 == 0) {
            value = (double)(int64_t)(bits >> 20) / 1000; /* and numbers that people write */
        }
        if (!isfinite(value)) {
            continue;
        }
        char text[32];
        const double back = strtod(mu_real_text(value, text), NULL);
        if (back != value || strlen(text) > 25) {
            fail_msg("%a became %s", value, text);
        }
    }
}

static void numbers_are_as_short_as_they_can_be(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {0.30000000000000004, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-17, "-17"},
        {1e14, "100000000000000"},
        {1e300, "1e+300"},
        {5e-324, "4.94065645841247e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740993.0, "9007199254740992"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {NAN, "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        assert_string_equal(mu_real_text(cases[i].value, text), cases[i].text);
        assert_ptr_equal(mu_real_text(cases[i].value, text), text);
    }
}

static void a_line_is_one_object(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    assert_non_null(file);
    struct mu_jline line;
    mu_jline_begin(&line, file);
    mu_jline_u64(&line, "big", UINT64_MAX);
    mu_jline_real(&line, "real", 0.5);
    mu_jline_real(&line, "none", NAN);
    mu_jline_text(&line, "status", "used");
    mu_jline_u64s(&line, "jobs", 3, (const uint64_t[]){1, 2, UINT64_MAX});
    mu_jline_u32s(&line, "clients", 2, (const uint32_t[]){7, UINT32_MAX});
    mu_jline_reals(&line, "weights", 3, (const double[]){0.25, INFINITY, 1e-9});
    mu_jline_u64s(&line, "empty", 0, NULL);
    mu_jline_end(&line);
    mu_jline_begin(&line, file);
    mu_jline_end(&line);
    fclose(file);
    assert_string_equal(text, "{\"big\": 18446744073709551615, \"real\": 0.5, \"none\": null, \"status\": \"used\", "
                              "\"jobs\": [1, 2, 18446744073709551615], \"clients\": [7, 4294967295], "
                              "\"weights\": [0.25, null, 1e-09], \"empty\": []}\n{}\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_read_back_to_the_same_bits),
        cmocka_unit_test(numbers_are_as_short_as_they_can_be),
        cmocka_unit_test(a_line_is_one_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
