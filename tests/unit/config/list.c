/* `muster list`: one aligned line per row. */
#include "harness.h"
#include "muster/config/doc.h"

static void rows_are_aligned_and_name_their_source(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    mu_registry_print(&sample_tools, f);
    fclose(f);
    assert_string_equal(text, "tools\n  hammer  hits (Stone Age)\n  saw     cuts\n  none    bare hands\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_aligned_and_name_their_source)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
