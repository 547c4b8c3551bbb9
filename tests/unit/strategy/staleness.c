/* Staleness functions: specs/async.md, section 3. */
#include "support_engine.h"

#include "staleness/staleness.h"

struct holder {
    struct mu_choice choice;
};
static const struct mu_field holder_fields[] = {
    MU_STALENESS_FIELD(struct holder, choice, "{\"kind\": \"constant\"}"),
    {0},
};
static const struct mu_group group = {holder_fields, sizeof(struct holder), NULL};

static void expect(const char *options, size_t n, const double *factor) {
    struct holder h;
    char text[256];
    snprintf(text, sizeof text, "{\"staleness\": %s}", options);
    engine_parse(&group, "", text, &h);
    for (size_t d = 0; d < n; d++) {
        const double got = mu_staleness_factor(&h.choice, d);
        if (!(fabs(got - factor[d]) < 1e-15)) {
            fail_msg("%s: s(%zu) is %.17g, not %.17g", options, d, got, factor[d]);
        }
    }
    mu_group_clear(&group, &h);
}

static void factors_are_those_of_the_paper(void **state) {
    (void)state;
    expect("{\"kind\": \"constant\"}", 3, (const double[]){1, 1, 1});
    expect("{\"kind\": \"polynomial\"}", 4, (const double[]){1, 1 / sqrt(2), 1 / sqrt(3), 0.5});
    expect("{\"kind\": \"polynomial\", \"exponent\": 2}", 3, (const double[]){1, 0.25, 1.0 / 9});
    expect("{\"kind\": \"polynomial\", \"exponent\": 0}", 3, (const double[]){1, 1, 1});
    /* (d - b) and + 1, which others have got wrong: specs/async.md. */
    expect("{\"kind\": \"hinge\", \"a\": 10, \"b\": 1}", 4, (const double[]){1, 1, 1.0 / 11, 1.0 / 21});
    expect("{\"kind\": \"hinge\", \"a\": 2, \"b\": 0.5}", 3, (const double[]){1, 0.5, 0.25});
}

/* Within 0..1 and never rising, as fresh as it may be and as old. */
static void factors_fall(void **state) {
    (void)state;
    for (size_t i = 0; i < mu_stalenesses.n; i++) {
        struct holder h;
        char text[128];
        snprintf(text, sizeof text, "{\"staleness\": {\"kind\": \"%s\"}}", mu_stalenesses.rows[i]->name);
        engine_parse(&group, "", text, &h);
        double before = 1;
        assert_true(mu_staleness_factor(&h.choice, 0) == 1);
        for (uint64_t d = 1; d < UINT64_MAX / 4; d *= 3) {
            const double s = mu_staleness_factor(&h.choice, d);
            assert_true(s >= 0 && s <= before);
            before = s;
        }
        mu_group_clear(&group, &h);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_are_those_of_the_paper),
        cmocka_unit_test(factors_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
