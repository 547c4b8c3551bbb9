/* Which options of delay_adaptive go together; its iterates are in tests/golden/recurrences.py. */
#include "checks.h"

extern const struct mu_strategy mu_strategy_delay_adaptive;

static void options_that_do_not_go_together_are_refused(void **state) {
    (void)state;
    const struct mu_strategy *const s = &mu_strategy_delay_adaptive;
    const char *const smoothness = "c.json: /server/strategy/smoothness";
    expect_options(s, "{}", 3, NULL, NULL);
    expect_options(s, "{\"rule\": \"drop\", \"threshold\": 2}", 3, NULL, NULL);
    expect_options(s, "{\"rule\": \"smoothness\", \"smoothness\": 2}", 3, NULL, NULL);
    expect_options(s, "{\"rule\": \"smoothness\"}", 3, smoothness, "needs it");
    expect_options(s, "{\"smoothness\": 2}", 3, smoothness, "belongs to the rule");
    expect_options(s, "{\"rule\": \"smoothness\", \"smoothness\": 2, \"threshold\": 1}", 3,
                   "c.json: /server/strategy/threshold", "has none");
    expect_options(s, "{\"concurrency\": 4}", 3, "c.json: /server/strategy/concurrency", "only 3 clients");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(options_that_do_not_go_together_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
