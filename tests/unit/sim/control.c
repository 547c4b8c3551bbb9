/* SCAFFOLD's vectors, option II: y -= lr (g - c_i + c), c_i' = c_i - c + (x - y) / (K lr) (specs/async.md, section 4;
 * Karimireddy et al. 2020). The update is y - x. */
#include "support.h"

#include "worker_impl.h"

enum { N = 37 }; /* not a multiple of any vector length */

struct vectors {
    double c[N], own[N], update[N], out[N];
    float c32[N], own32[N], update32[N], out32[N];
};

static void fill(struct vectors *v) {
    for (size_t i = 0; i < N; i++) {
        v->c[i] = v->c32[i] = (float)sin(1.0 + (double)i);
        v->own[i] = v->own32[i] = (float)cos(2.0 * (double)i);
        v->update[i] = v->update32[i] = (float)sin(3.0 * (double)i) / 8;
    }
}

static void drift_is_the_servers_vector_minus_the_clients(void **state) {
    (void)state;
    struct vectors v;
    fill(&v);
    mu_control_drift(MU_F64, N, v.c, v.own, v.out);
    mu_control_drift(MU_F32, N, v.c32, v.own32, v.out32);
    for (size_t i = 0; i < N; i++) {
        assert_true(v.out[i] == v.c[i] - v.own[i]);
        assert_true(v.out32[i] == v.c32[i] - v.own32[i]);
    }
}

static void a_client_without_a_vector_has_zeros(void **state) {
    (void)state;
    struct vectors v;
    fill(&v);
    mu_control_drift(MU_F64, N, v.c, NULL, v.out);
    mu_control_drift(MU_F32, N, v.c32, NULL, v.out32);
    assert_memory_equal(v.out, v.c, sizeof v.out);
    assert_memory_equal(v.out32, v.c32, sizeof v.out32);
}

static void change_is_option_ii(void **state) {
    (void)state;
    struct vectors v;
    fill(&v);
    const uint64_t steps = 5;
    const double lr = 0.05;
    mu_control_change(MU_F64, N, v.c, v.update, steps, lr, v.out);
    mu_control_change(MU_F32, N, v.c32, v.update32, steps, lr, v.out32);
    double worst = 0, worst32 = 0, broken = 0;
    for (size_t i = 0; i < N; i++) {
        const double expected = -v.c[i] + (0 - v.update[i]) / ((double)steps * lr);
        worst = fmax(worst, fabs(v.out[i] - expected));
        worst32 = fmax(worst32, fabs((double)v.out32[i] - expected));
        broken = fmax(broken, fabs(v.out[i] - (-v.c[i] - v.update[i] / ((double)(steps + 1) * lr))));
    }
    assert_true(worst < 1e-15);
    assert_true(worst32 < 1e-6);
    assert_true(broken > 1e-2);
}

static void a_client_that_took_no_steps_changes_nothing(void **state) {
    (void)state;
    struct vectors v;
    fill(&v);
    mu_control_change(MU_F64, N, v.c, v.update, 0, 0.05, v.out);
    mu_control_change(MU_F32, N, v.c32, v.update32, 0, 0.05, v.out32);
    for (size_t i = 0; i < N; i++) {
        assert_true(v.out[i] == 0 && v.out32[i] == 0);
    }
}

/* After a commit, drift to the same c is c - own - change. Starting from own = 0, K steps under a constant gradient g
 * move by -K lr (g + c), so the client's vector becomes g: what control variates are for. */
static void the_clients_vector_becomes_its_gradient(void **state) {
    (void)state;
    struct vectors v;
    fill(&v);
    const double lr = 0.1;
    double gradient[N], own[N] = {0};
    float own32[N] = {0};
    for (size_t i = 0; i < N; i++) {
        gradient[i] = cos((double)i);
        v.update[i] = -4 * lr * (gradient[i] + v.c[i]);
        v.update32[i] = (float)v.update[i];
    }
    mu_control_change(MU_F64, N, v.c, v.update, 4, lr, v.out);
    mu_control_commit(MU_F64, N, own, v.out);
    mu_control_change(MU_F32, N, v.c32, v.update32, 4, lr, v.out32);
    mu_control_commit(MU_F32, N, own32, v.out32);
    for (size_t i = 0; i < N; i++) {
        assert_true(fabs(own[i] - gradient[i]) < 1e-14);
        assert_true(fabs((double)own32[i] - gradient[i]) < 1e-5);
    }
    mu_control_commit(MU_F64, N, own, v.out); /* a commit adds: twice is twice */
    assert_true(fabs(own[0] - 2 * gradient[0]) < 1e-14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drift_is_the_servers_vector_minus_the_clients),
        cmocka_unit_test(a_client_without_a_vector_has_zeros),
        cmocka_unit_test(change_is_option_ii),
        cmocka_unit_test(a_client_that_took_no_steps_changes_nothing),
        cmocka_unit_test(the_clients_vector_becomes_its_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
