/* A strategy's own check of its options, on JSON text. */
#ifndef MUSTER_TESTS_STRATEGY_CHECKS_H
#define MUSTER_TESTS_STRATEGY_CHECKS_H

#include "support_engine.h"

/* Expects that the options are fine if text is NULL, or refused at the place with the text. */
static inline void expect_options(const struct mu_strategy *strategy, const char *options, uint32_t clients,
                                  const char *place, const char *text) {
    struct mu_err err = {.code = MU_OK};
    void *const values = calloc(1, strategy->kind.group.size);
    assert_non_null(values);
    engine_parse(&strategy->kind.group, "/server/strategy", options, values);
    const struct mu_strategy_context context = {"c.json", "/server/strategy", clients, NULL};
    const int code = strategy->check(values, &context, &err);
    assert_int_equal(code, err.code);
    if (text == NULL) {
        support_expect_ok(&err);
    } else {
        support_expect_error(&err, MU_BAD_CONFIG, place, text);
    }
    mu_group_clear(&strategy->kind.group, values);
    free(values);
}

#endif
