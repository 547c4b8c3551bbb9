/* Learning-rate schedules over server versions. */
#include "support.h"

static double lr_at(const char *schedule, uint64_t version, uint64_t steps) {
    struct mu_client_config config;
    char text[256];
    snprintf(text, sizeof text, "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 8}, \"schedule\": %s}", schedule);
    parse(&mu_client_group, text, &config);
    const double lr = mu_client_lr(&config, version, steps);
    mu_group_clear(&mu_client_group, &config);
    return lr;
}

struct point {
    const char *schedule;
    uint64_t version, steps;
    double lr;
};

static const struct point points[] = {
    {"{\"kind\": \"constant\"}", 0, 0, 8},
    {"{\"kind\": \"constant\"}", 1000000, 10, 8},
    {"{\"kind\": \"step\", \"every\": 10, \"factor\": 0.5}", 9, 100, 8},
    {"{\"kind\": \"step\", \"every\": 10, \"factor\": 0.5}", 10, 100, 4},
    {"{\"kind\": \"step\", \"every\": 10, \"factor\": 0.5}", 35, 0, 1},
    {"{\"kind\": \"linear\"}", 0, 10, 8},
    {"{\"kind\": \"linear\"}", 5, 10, 4},
    {"{\"kind\": \"linear\"}", 10, 10, 0},
    {"{\"kind\": \"linear\"}", 50, 10, 0},
    {"{\"kind\": \"linear\"}", 50, 0, 8},
    {"{\"kind\": \"linear\", \"steps\": 4, \"final\": 0.5}", 2, 1000, 6},
    {"{\"kind\": \"linear\", \"steps\": 4, \"final\": 0.5}", 9, 0, 4},
    {"{\"kind\": \"cosine\"}", 0, 12, 8},
    {"{\"kind\": \"cosine\"}", 4, 12, 6}, /* (1 + cos 60 deg) / 2 = 3 / 4 */
    {"{\"kind\": \"cosine\"}", 6, 12, 4},
    {"{\"kind\": \"cosine\"}", 12, 12, 0},
    {"{\"kind\": \"cosine\"}", 6, 0, 8},
    {"{\"kind\": \"cosine\", \"steps\": 6, \"final\": 0.25}", 3, 12, 5},
    {"{\"kind\": \"cosine\", \"steps\": 6, \"final\": 0.25}", 100, 12, 2},
};

static void rates_follow_the_formulas(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        const double lr = lr_at(points[i].schedule, points[i].version, points[i].steps);
        assert_true(fabs(lr - points[i].lr) < 1e-14);
        assert_false(fabs(lr - (points[i].lr + 1e-12)) < 1e-14);
    }
}

/* From the first version to the last one that trains, a decay is positive and never rises. */
static void decays_never_rise(void **state) {
    (void)state;
    for (size_t r = 0; r < mu_schedules.n; r++) {
        char schedule[64];
        snprintf(schedule, sizeof schedule, "{\"kind\": \"%s\"}", mu_schedules.rows[r]->name);
        double last = 8;
        for (uint64_t version = 0; version < 300; version++) {
            const double lr = lr_at(schedule, version, 300);
            assert_true(lr > 0 && lr <= last);
            last = lr;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_follow_the_formulas),
        cmocka_unit_test(decays_never_rise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
