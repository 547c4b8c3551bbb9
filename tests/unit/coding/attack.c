/* Attacks: what they try, what they report, and that they see a weak code. */
#include "codes.h"

static void a_code_survives_what_it_is_built_for(void **state) {
    (void)state;
    static const char *const kinds[] = {"{\"kind\": \"frc\"}", "{\"kind\": \"cyclic\"}"};
    for (size_t k = 0; k < 2; k++) {
        struct mu_coding *coding = must_build(kinds[k], 24, 3, 1);
        struct mu_attack random;
        struct mu_attack contiguous;
        struct mu_err err = {0};
        assert_int_equal(mu_attack_random(coding, 3, 50, 9, &random, &err), MU_OK);
        assert_int_equal(mu_attack_contiguous(coding, 3, 50, &contiguous, &err), MU_OK);
        assert_int_equal(random.sets, 50);
        assert_int_equal(contiguous.sets, 24); /* there are no more */
        assert_true(random.failures == 0 && random.worst.decoded && contiguous.worst.decoded);
        assert_true(random.condition >= 1 && contiguous.condition >= 1);
        if (k == 0) { /* six groups, each with weight 1 */
            assert_true(random.worst.amplification == 1 && fabs(random.worst.norm - sqrt(6)) < 1e-14);
        } else {
            assert_true(random.worst.amplification > 1 && random.worst.residual > 0);
        }
        mu_coding_free(coding);
    }
}

/* s + 1 contiguous stragglers are a whole group of frc in 6 of 24 cases, and in every case too many for cyclic. */
static void one_more_straggler_is_too_many(void **state) {
    (void)state;
    struct mu_coding *frc = must_build("{\"kind\": \"frc\"}", 24, 3, 1);
    struct mu_coding *cyclic = must_build("{\"kind\": \"cyclic\"}", 24, 3, 1);
    struct mu_attack attack;
    struct mu_err err = {0};
    assert_int_equal(mu_attack_contiguous(frc, 4, 24, &attack, &err), MU_OK);
    assert_int_equal(attack.failures, 6);
    assert_false(attack.worst.decoded);
    assert_int_equal(mu_attack_contiguous(cyclic, 4, 24, &attack, &err), MU_OK);
    assert_int_equal(attack.failures, 24);
    mu_coding_free(frc);
    mu_coding_free(cyclic);
}

static void the_seed_draws_the_sets(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"cyclic\"}", 24, 3, 1);
    struct mu_attack one;
    struct mu_attack same;
    struct mu_attack other;
    struct mu_err err = {0};
    assert_int_equal(mu_attack_random(coding, 3, 10, 1, &one, &err), MU_OK);
    assert_int_equal(mu_attack_random(coding, 3, 10, 1, &same, &err), MU_OK);
    assert_int_equal(mu_attack_random(coding, 3, 10, 2, &other, &err), MU_OK);
    assert_true(one.worst.amplification == same.worst.amplification);
    assert_true(one.worst.amplification != other.worst.amplification);
    mu_coding_free(coding);
}

/* The rows of frc with all arrived: s + 1 equal ones in each group, so all non-zero singular values are s + 1. With one
 * arrival in the first group and all in the second, they are sqrt(s + 1) and s + 1. */
static void condition_by_hand(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"frc\"}", 8, 3, 1);
    struct mu_err err = {0};
    double condition;
    uint64_t arrived = 255;
    assert_int_equal(mu_coding_condition(coding, &arrived, &condition, &err), MU_OK);
    assert_true(fabs(condition - 1) < 1e-12);
    arrived = 1 | 240;
    assert_int_equal(mu_coding_condition(coding, &arrived, &condition, &err), MU_OK);
    assert_true(fabs(condition - 2) < 1e-12);
    arrived = 0;
    assert_int_equal(mu_coding_condition(coding, &arrived, &condition, &err), MU_OK);
    assert_true(isnan(condition));
    mu_coding_free(coding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_survives_what_it_is_built_for),
        cmocka_unit_test(one_more_straggler_is_too_many),
        cmocka_unit_test(the_seed_draws_the_sets),
        cmocka_unit_test(condition_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
