/* The ring of sets: what is kept, and that it is saved and restored with a strategy's state. */
#include "muster/coding/rounds.h"

#include "support.h"

#include "muster/base/mem.h"

static void the_last_rounds_are_kept(void **state) {
    (void)state;
    struct mu_rounds rounds = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_rounds_start(&rounds, 70, 3, &err), MU_OK);
    assert_null(mu_rounds_at(&rounds, -1));
    for (uint64_t r = 0; r < 8; r++) {
        const uint64_t set[2] = {r + 100, r % 2};
        mu_rounds_push(&rounds, set);
        for (int64_t back = 0; back < 3 && back <= (int64_t)r; back++) {
            const uint64_t *kept = mu_rounds_at(&rounds, (int64_t)r - back);
            assert_int_equal(kept[0], r - (uint64_t)back + 100);
            assert_int_equal(kept[1], (r - (uint64_t)back) % 2);
        }
    }
    mu_rounds_push_empty(&rounds);
    assert_int_equal(mu_rounds_at(&rounds, 8)[0], 0);
    assert_int_equal(mu_rounds_at(&rounds, 7)[0], 107);
    assert_int_equal(mu_rounds_start(&rounds, 3, 2, &err), MU_OK); /* a new start forgets all */
    assert_int_equal(rounds.next, 0);
    mu_rounds_clear(&rounds);
}

struct holder {
    struct mu_rounds late;
};
static const struct mu_field fields[] = {MU_ROUNDS_FIELDS(struct holder, late, "late"), {0}};
static const struct mu_group group = {fields, sizeof(struct holder), NULL};

static void it_is_saved_and_restored(void **state) {
    (void)state;
    struct holder one = {0};
    struct holder two = {0};
    struct mu_blob blob = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_group_verify(&group, &err), MU_OK);
    assert_int_equal(mu_group_parse(&group, NULL, "test", "", &one, &err), MU_OK);
    assert_int_equal(mu_group_parse(&group, NULL, "test", "", &two, &err), MU_OK);
    assert_int_equal(mu_rounds_start(&one.late, 130, 5, &err), MU_OK);
    for (uint64_t r = 0; r < 7; r++) {
        mu_rounds_push(&one.late, (const uint64_t[3]){r, ~r, 3});
    }
    assert_int_equal(mu_state_save(&group, &one, &blob, &err), MU_OK);
    assert_int_equal(mu_state_load(&group, &two, blob.data, blob.n, &err), MU_OK);
    assert_int_equal(two.late.next, 7);
    mu_rounds_push_empty(&one.late);
    mu_rounds_push_empty(&two.late);
    for (int64_t r = 3; r < 8; r++) {
        assert_memory_equal(mu_rounds_at(&one.late, r), mu_rounds_at(&two.late, r), 3 * sizeof(uint64_t));
    }
    mu_free(blob.data);
    mu_group_clear(&group, &one);
    mu_group_clear(&group, &two);
}

static void bits_count_complement_and_walk(void **state) {
    (void)state;
    uint64_t set[3] = {0};
    mu_bits_add(set, 0);
    mu_bits_add(set, 63);
    mu_bits_add(set, 129);
    assert_int_equal(mu_bits_count(set, 3), 3);
    assert_int_equal(mu_bits_next(set, 130, 0), 0);
    assert_int_equal(mu_bits_next(set, 130, 1), 63);
    assert_int_equal(mu_bits_next(set, 130, 64), 129);
    assert_int_equal(mu_bits_next(set, 130, 130), 130);
    mu_bits_complement(set, set, 130);
    assert_int_equal(mu_bits_count(set, 3), 127);
    assert_false(mu_bits_has(set, 63));
    mu_bits_remove(set, 1);
    assert_int_equal(mu_bits_next(set, 130, 0), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_rounds_are_kept),
        cmocka_unit_test(it_is_saved_and_restored),
        cmocka_unit_test(bits_count_complement_and_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
