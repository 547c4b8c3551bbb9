#include "muster/coding/gc.h"

#include "support.h"

/* specs/gradient_coding.md, section 5. */
static void published_load(void **state) {
    (void)state;
    assert_true(mu_gc_load(256, 15) == 0.0625);
    assert_true(mu_gc_load(256, 0) == 1.0 / 256); /* uncoded */
    assert_true(mu_gc_load(256, 14) != 0.0625);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
