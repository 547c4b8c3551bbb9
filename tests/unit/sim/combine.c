/* Combinations and steps. Losses are |x - a_i|^2 / 2 with a = 1, 2, 6 and x0 = 0; two local steps of rate 0.5 give the
 * update 3/4 (a_i - x). All these numbers have few bits, so that fixed-point sums are exact and results are equal. */
#include "support_script.h"

#include "sim_impl.h"

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define TWO_STEPS "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 2}"
#define ONE_TWO_THREE "{\"duration_s\": [1, 2, 3], \"duration_per\": \"client\"}"

static const struct engine_config base = {.data = THREE,
                                          .client = TWO_STEPS,
                                          .world = ONE_TWO_THREE,
                                          .stop = "{\"time_s\": 10}",
                                          .evaluate = "{\"every_steps\": 1}"};

static int start_all(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

static mu_job job_of[3];
static int gathered;
static int (*when_all_are_here)(struct mu_sim *sim);

static int gather(struct mu_sim *sim, const struct mu_update *u) {
    job_of[u->client] = u->job;
    if (++gathered < 3) {
        return MU_OK;
    }
    MU_TRY(when_all_are_here(sim));
    for (size_t i = 0; i < 3; i++) {
        MU_TRY(mu_sim_release(sim, job_of[i], true));
    }
    return MU_OK;
}

/* All three clients train once from x = 0: updates 0.75, 1.5 and 4.5. */
static struct engine *with_three_updates(int (*what)(struct mu_sim *sim), struct engine_config c) {
    gathered = 0;
    when_all_are_here = what;
    return play(&(struct script){.start = start_all, .arrival = gather}, c);
}

static double last_model(const struct engine *e) {
    return e->evaluation[e->evaluations - 1].model[0];
}

static int weighted_mean(struct mu_sim *sim) {
    const struct mu_term terms[] = {update_term(job_of[0], 0.5), update_term(job_of[1], 0.25),
                                    update_term(job_of[2], -0.125)};
    MU_TRY(mu_sim_combine(sim, 0, 0, 3, terms));
    return mu_sim_step(sim, 0);
}

static void a_direction_is_the_weighted_sum(void **state) {
    (void)state;
    struct engine *const e = with_three_updates(weighted_mean, base);
    assert_true(last_model(e) == 0.5 * 0.75 + 0.25 * 1.5 - 0.125 * 4.5);
    const struct engine_step *const s = &e->step[0];
    assert_int_equal(s->n, 3);
    static const double weight[] = {0.5, 0.25, -0.125};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(s->job[i], i + 1);
        assert_int_equal(s->client[i], i);
        assert_int_equal(s->staleness[i], 0);
        assert_true(s->weight[i] == weight[i]);
        assert_true(e->result.used_weight[i] == weight[i]);
    }
    engine_free(e);
}

/* Terms in any order, and split over two combinations: the same bits, with weights that are not exact in binary. */
static int order;
static int in_some_order(struct mu_sim *sim) {
    static const int permutation[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const double weight[] = {0.1, 0.3, 0.7};
    struct mu_term terms[3];
    for (size_t i = 0; i < 3; i++) {
        const int k = permutation[order][i];
        terms[i] = update_term(job_of[k], weight[k]);
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, 3, terms));
    return mu_sim_step(sim, 0);
}

static void the_order_of_terms_does_not_matter(void **state) {
    (void)state;
    double first = 0;
    struct engine_config c = base;
    c.data = "{\"source\": \"quadratic\", \"targets\": [0.1, 0.7, 1.3]}";
    for (order = 0; order < 6; order++) {
        struct engine *const e = with_three_updates(in_some_order, c);
        first = order == 0 ? e->result.model[0] : first;
        assert_memory_equal(&first, e->result.model, sizeof first);
        engine_free(e);
    }
    assert_true(fabs(first - 0.75 * (0.01 + 0.21 + 0.91)) < 1e-15);
}

/* Two combinations before one step: the second adds to a share of the first, and the step's record has both. */
static int carry_half(struct mu_sim *sim) {
    const struct mu_term a = update_term(job_of[0], 1), b[] = {update_term(job_of[1], 1), update_term(job_of[2], 2)};
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &a));
    MU_TRY(mu_sim_combine(sim, 0, 0.5, 2, b));
    MU_TRY(mu_sim_step(sim, 0));
    /* A direction persists: an empty combination carries it on, and a step without any uses it as it is. */
    MU_TRY(mu_sim_combine(sim, 0, 0.25, 0, NULL));
    MU_TRY(mu_sim_step(sim, 0));
    return mu_sim_step(sim, 0);
}

static void carry_lets_a_direction_persist(void **state) {
    (void)state;
    struct engine *const e = with_three_updates(carry_half, base);
    const double v = 0.5 * 0.75 + 1.5 + 2 * 4.5;
    assert_int_equal(e->evaluations, 4);
    assert_true(e->evaluation[1].model[0] == v);
    assert_true(e->evaluation[2].model[0] == v + v / 4);
    assert_true(e->evaluation[3].model[0] == v + v / 4 + v / 4);
    assert_int_equal(e->step[0].n, 3);
    assert_int_equal(e->step[1].n, 0); /* an empty step is a step */
    assert_int_equal(e->step[2].n, 0);
    assert_int_equal(e->step[2].step, 3);
    engine_free(e);
}

static int nothing_at_all(struct mu_sim *sim) {
    MU_TRY(mu_sim_combine(sim, 0, 0, 0, NULL));
    return mu_sim_step(sim, 0);
}

static void an_empty_combination_moves_nothing(void **state) {
    (void)state;
    struct engine_config c = base;
    c.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6], \"x0\": [3]}";
    struct engine *const e = with_three_updates(nothing_at_all, c);
    assert_int_equal(e->result.steps, 1);
    assert_int_equal(e->result.updates, 0);
    assert_true(last_model(e) == 3);
    engine_free(e);
}

static int scaled_step(struct mu_sim *sim) {
    const struct mu_term a = update_term(job_of[1], 1);
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &a));
    return mu_sim_step_scaled(sim, 0, 0.125);
}

static void a_scaled_step_has_a_smaller_rate(void **state) {
    (void)state;
    struct engine_config c = base;
    c.optimizer = "{\"kind\": \"sgd\", \"lr\": 2}";
    struct engine *const e = with_three_updates(scaled_step, c);
    assert_true(last_model(e) == 0.125 * 2 * 1.5);
    engine_free(e);
}

/* FedAsync mixes models: x' = (1 - a) x + a (x_v + update), so direction = a x_v - a x + a update with the version the
 * job started from. Jobs of 1, 2 and 3 s all start from x_0 = 3; a = 1/2.
 *   1 s: x_0 + update = 3 + 3/4 (1 - 3) = 1.5;   x = (3 + 1.5) / 2 = 2.25
 *   2 s: 3 + 3/4 (2 - 3) = 2.25;                 x = 2.25
 *   3 s: 3 + 3/4 (6 - 3) = 5.25;                 x = 3.75 */
static int mix(struct mu_sim *sim, const struct mu_update *u) {
    const uint64_t version = mu_sim_version(sim, 0);
    const struct mu_term terms[] = {
        {MU_TERM_VERSION, u->version, 0, 0.5}, {MU_TERM_VERSION, version, 0, -0.5}, {MU_TERM_UPDATE, u->job, 0, 0.5}};
    const mu_job job = u->job;
    assert_int_equal(u->staleness, version);
    MU_TRY(mu_sim_combine(sim, 0, 0, 3, terms));
    MU_TRY(mu_sim_step(sim, 0));
    /* Kept are the version that jobs under way started from, and the current one. */
    assert_int_equal(sim->slot[0].versions.n, 2);
    MU_TRY(mu_sim_release(sim, job, true));
    assert_int_equal(sim->slot[0].versions.n, mu_sim_in_flight(sim) > 0 ? 2 : 1);
    return MU_OK;
}

static void models_of_older_versions_can_be_mixed_in(void **state) {
    (void)state;
    struct engine_config c = base;
    c.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6], \"x0\": [3]}";
    struct engine *const e = play(&(struct script){.start = start_all, .arrival = mix}, c);
    static const double x[] = {3, 2.25, 2.25, 3.75};
    assert_int_equal(e->evaluations, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(e->evaluation[i].model[0] == x[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(e->step[i].n, 1); /* versions are no updates */
        assert_int_equal(e->step[i].staleness[0], i);
    }
    engine_free(e);
}

/* Slot 1 moves by plain addition, whatever the server optimizer, and makes no record of its own. */
static int step_auxiliary(struct mu_sim *sim) {
    const struct mu_term a = update_term(job_of[0], 1), b = update_term(job_of[1], 2);
    MU_TRY(mu_sim_combine(sim, 1, 0, 1, &a));
    MU_TRY(mu_sim_step(sim, 1));
    MU_TRY(mu_sim_combine(sim, 1, 0, 1, &b));
    MU_TRY(mu_sim_step(sim, 1));
    assert_int_equal(mu_sim_version(sim, 1), 2);
    assert_int_equal(mu_sim_version(sim, 0), 0);
    assert_true(sim->slot[1].current->x[0] == 0.75 + 2 * 1.5);
    assert_int_equal(sim->result->steps, 0);
    assert_int_equal(sim->result->updates, 0);
    return MU_OK;
}

static void an_auxiliary_slot_adds_up(void **state) {
    (void)state;
    struct engine_config c = base;
    c.strategy = &scripted_vectors;
    c.optimizer = "{\"kind\": \"adam\"}";
    struct engine *const e = with_three_updates(step_auxiliary, c);
    assert_int_equal(e->steps, 0);
    engine_free(e);
}

/* SCAFFOLD's parts: with c = c_i = 0 the change of c_i is -update / (K lr) = -update here. */
static const struct mu_work controlled = {.slot = 0, .control = 1};

static int start_controlled(struct mu_sim *sim) {
    for (uint32_t i = 0; i < 3; i++) {
        MU_TRY(mu_sim_dispatch(sim, i, &controlled, NULL));
    }
    return MU_OK;
}

static int second_parts(struct mu_sim *sim) {
    struct mu_term terms[] = {update_term(job_of[0], 0.5), update_term(job_of[1], 0.5), update_term(job_of[2], 0.5)};
    MU_TRY(mu_sim_combine(sim, 0, 0, 3, terms));
    for (size_t i = 0; i < 3; i++) {
        terms[i].part = 1;
        terms[i].weight = 0.25;
    }
    MU_TRY(mu_sim_combine(sim, 1, 0, 3, terms));
    MU_TRY(mu_sim_step(sim, 1));
    assert_true(sim->slot[1].current->x[0] == 0.25 * -(0.75 + 1.5 + 4.5));
    return mu_sim_step(sim, 0);
}

static void the_second_part_of_an_update_is_a_term_too(void **state) {
    (void)state;
    struct engine_config c = base;
    c.strategy = &scripted_vectors;
    gathered = 0;
    when_all_are_here = second_parts;
    struct engine *const e = play(&(struct script){.start = start_controlled, .arrival = gather}, c);
    assert_true(last_model(e) == 0.5 * (0.75 + 1.5 + 4.5));
    assert_int_equal(e->step[0].n, 3); /* the control variate's weights are not the model's */
    assert_true(e->step[0].weight[0] == 0.5);
    engine_free(e);
}

/* CA2FL's cache: a client's own vector is zero, then its last update that was used. */
static const struct mu_work cached = {.slot = 0, .control = MU_NO_SLOT, .cached = true};

static int start_cached(struct mu_sim *sim) {
    return mu_sim_dispatch(sim, 0, &cached, NULL);
}

static int add_own(struct mu_sim *sim, const struct mu_update *u) {
    const struct mu_term terms[] = {update_term(u->job, 0.5), {MU_TERM_CLIENT, 0, 0, 0.25}, {MU_TERM_CLIENT, 2, 0, 9}};
    const mu_job job = u->job;
    MU_TRY(mu_sim_combine(sim, 0, 0, 3, terms));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, job, true));
    return mu_sim_dispatch(sim, 0, &cached, NULL);
}

static void a_clients_own_vector_is_its_last_used_update(void **state) {
    (void)state;
    struct engine_config c = base;
    c.strategy = &scripted_vectors;
    c.stop = "{\"steps\": 4}";
    struct engine *const e = play(&(struct script){.start = start_cached, .arrival = add_own}, c);
    double x = 0, own = 0;
    for (size_t i = 1; i <= 4; i++) {
        const double update = 0.75 * (1 - x);
        x += 0.5 * update + 0.25 * own;
        own = update;
        assert_true(e->evaluation[i].model[0] == x);
    }
    engine_free(e);
}

static int infinite_weight(struct mu_sim *sim) {
    const struct mu_term a = update_term(job_of[0], INFINITY);
    return mu_sim_combine(sim, 0, 0, 1, &a);
}

static int huge_step(struct mu_sim *sim) {
    const struct mu_term a = update_term(job_of[2], 1e308);
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &a)); /* 4.5e308 is beyond the doubles */
    return mu_sim_step(sim, 0);
}

static int large_steps(struct mu_sim *sim) {
    const struct mu_term a = update_term(job_of[0], 1e308);
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &a)); /* 7.5e307 a step: the third is too much */
    for (int i = 0; i < 3; i++) {
        MU_TRY(mu_sim_step(sim, 0));
    }
    return MU_OK;
}

static void what_is_not_finite_has_diverged(void **state) {
    (void)state;
    gathered = 0;
    when_all_are_here = infinite_weight;
    const struct script s = {.start = start_all, .arrival = gather};
    play_failure(&s, base, MU_DIVERGED, "diverged at step 1: a combination is not finite");
    gathered = 0;
    when_all_are_here = huge_step;
    play_failure(&s, base, MU_DIVERGED, "diverged at step 1: a combination is not finite");
    gathered = 0;
    when_all_are_here = large_steps;
    play_failure(&s, base, MU_DIVERGED, "diverged at step 3: the model is not finite");
}

/* A double that no float can hold: the model trains in float32, so it has diverged there. */
static mu_job only;
static int beyond_float(struct mu_sim *sim, const struct mu_update *u) {
    const struct mu_term a = update_term(u->job, 1e39 / u->norm);
    only = u->job;
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &a));
    return mu_sim_step(sim, 0);
}

static void a_model_must_fit_the_type_it_trains_in(void **state) {
    (void)state;
    struct engine_config c = {.data = "{\"source\": \"blobs\", \"samples\": 50, \"test_samples\": 0, \"clients\": 1, "
                                      "\"features\": 1, \"classes\": 2}",
                              .model = "{\"kind\": \"softmax\"}",
                              .stop = "{\"steps\": 3}"};
    const struct script s = {.start = start_all, .arrival = beyond_float};
    play_failure(&s, c, MU_DIVERGED, "diverged at step 1: the model is not finite");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_direction_is_the_weighted_sum),
        cmocka_unit_test(the_order_of_terms_does_not_matter),
        cmocka_unit_test(carry_lets_a_direction_persist),
        cmocka_unit_test(an_empty_combination_moves_nothing),
        cmocka_unit_test(a_scaled_step_has_a_smaller_rate),
        cmocka_unit_test(models_of_older_versions_can_be_mixed_in),
        cmocka_unit_test(an_auxiliary_slot_adds_up),
        cmocka_unit_test(the_second_part_of_an_update_is_a_term_too),
        cmocka_unit_test(a_clients_own_vector_is_its_last_used_update),
        cmocka_unit_test(what_is_not_finite_has_diverged),
        cmocka_unit_test(a_model_must_fit_the_type_it_trains_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
