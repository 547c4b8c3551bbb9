/* Client-level privacy through the engine. Losses are |x - a_i|^2 / 2 with a = 1, 2, 6 and x0 = 0; one local step of
 * rate 0.5 gives the update a_i / 2, so norms 0.5, 1 and 3. */
#include "support_script.h"

#include "sim_impl.h"

static struct mu_privacy_config config;
static struct mu_privacy privacy;

static const struct mu_privacy *protect(double sigma, double clip, int64_t participations) {
    config = (struct mu_privacy_config){.epsilon = NAN,
                                        .delta = 1e-5,
                                        .noise_multiplier = sigma,
                                        .clip = clip,
                                        .noise = MU_NOISE_CENTRAL,
                                        .participations = participations,
                                        .insecure_noise_seed = 5};
    privacy = (struct mu_privacy){.config = &config,
                                  .accountant = mu_accountant_find("gdp"),
                                  .unit = MU_DP_CLIENT,
                                  .adjacency = MU_DP_ADD_REMOVE,
                                  .sampling = MU_DP_SAMPLING_NONE,
                                  .sensitivity = 1,
                                  .sigma = sigma,
                                  .sigma_sum = sigma,
                                  .clip = clip,
                                  .q = 1,
                                  .steps = 3,
                                  .cohort = 3};
    return &privacy;
}

static mu_job here[3];
static int arrived;

static int start_round(struct mu_sim *sim) {
    arrived = 0;
    for (uint32_t i = 0; i < 3; i++) {
        if (mu_sim_is_idle(sim, i)) {
            (void)dispatch(sim, i);
        }
    }
    return MU_OK;
}

static double norms[3];
static int step_round(struct mu_sim *sim, const struct mu_update *u) {
    here[u->client] = u->job;
    norms[u->client] = u->norm;
    if (++arrived < 3) {
        return MU_OK;
    }
    const struct mu_term terms[] = {update_term(here[0], 1.0 / 3), update_term(here[1], 1.0 / 3),
                                    update_term(here[2], 1.0 / 3)};
    MU_TRY(mu_sim_combine(sim, 0, 0, 3, terms));
    MU_TRY(mu_sim_step(sim, 0));
    for (size_t i = 0; i < 3; i++) {
        MU_TRY(mu_sim_release(sim, here[i], true));
    }
    return start_round(sim);
}

static struct engine *run(const struct mu_privacy *p, const char *stop) {
    script = (struct script){.start = start_round, .arrival = step_round};
    struct engine *const e = engine_new(
        &(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}",
                                .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 1}",
                                .world = "{\"duration_s\": 1}",
                                .stop = stop,
                                .evaluate = "{\"every_steps\": 1}",
                                .strategy = &scripted});
    e->setup.privacy = p;
    assert_int_equal(engine_run(e), MU_OK);
    return e;
}

static void updates_are_clipped_where_they_are_made(void **state) {
    (void)state;
    struct engine *const e = run(protect(0.01, 1, MU_UNSET), "{\"steps\": 1}");
    assert_true(norms[0] == 0.5 && norms[1] == 1);
    assert_true(norms[2] <= 1 && norms[2] > 1 - 1e-12);
    /* The noise has a standard deviation of 0.01 / 3; six of them are exceeded twice in 1e9 runs. */
    assert_true(fabs(e->result.model[0] - 2.5 / 3) < 6 * 0.01 / 3);
    assert_true(e->result.model[0] != 2.5 / 3);
    engine_free(e);
    struct engine *const plain = run(NULL, "{\"steps\": 1}");
    assert_true(plain->result.model[0] == 1.5);
    assert_true(isnan(plain->evaluation[1].record.privacy.epsilon));
    engine_free(plain);
}

static void every_release_is_charged(void **state) {
    (void)state;
    struct engine *const e = run(protect(2, 1, MU_UNSET), "{\"steps\": 3}");
    for (size_t t = 0; t <= 3; t++) {
        const double exact = t > 0 ? mu_gaussian_epsilon(sqrt((double)t) / 2, 1e-5) : 0;
        assert_true(fabs(e->evaluation[t].record.privacy.epsilon - exact) <= 1e-9 * exact);
    }
    engine_free(e);
}

static void a_run_ends_when_everybody_has_taken_part(void **state) {
    (void)state;
    struct engine *const e = run(protect(2, 1, 2), "{\"steps\": 3}");
    assert_int_equal(e->result.end, MU_END_PRIVACY);
    assert_int_equal(e->result.steps, 2);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(e->result.participations[i], 2);
    }
    engine_free(e);
}

static void the_clip_follows_the_norms(void **state) {
    (void)state;
    (void)protect(0.01, 0.25, MU_UNSET);
    config.adaptive = (struct mu_adaptive_config){.enabled = true, .target_quantile = 0.5, .learning_rate = 0.2};
    privacy.sigma_b = 1e-9;
    /* All three are longer than 0.25: the share of those that are not is 0, and the clip grows by exp(0.2 * 0.5). */
    struct engine *const e = run(&privacy, "{\"steps\": 1}");
    assert_true(fabs(e->evaluation[1].record.clip - 0.25 * exp(0.1)) < 1e-6);
    engine_free(e);
    /* Of norms 0.5, 1 and 3 two are at most 2: 2/3 of them, and it shrinks. */
    (void)protect(0.01, 2, MU_UNSET);
    config.adaptive = (struct mu_adaptive_config){.enabled = true, .target_quantile = 0.5, .learning_rate = 0.2};
    privacy.sigma_b = 1e-9;
    struct engine *const f = run(&privacy, "{\"steps\": 1}");
    assert_true(fabs(f->evaluation[1].record.clip - 2 * exp(-0.2 * (2.0 / 3 - 0.5))) < 1e-6);
    engine_free(f);
}

/* An update that is not finite counts as zero, and as clipped; the run goes on. */
static void what_is_not_finite_counts_as_zero(void **state) {
    (void)state;
    script = (struct script){.start = start_round, .arrival = step_round};
    const struct engine_config huge = {.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 1e300]}",
                                       .client =
                                           "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1e9}, \"local_steps\": 1}",
                                       .stop = "{\"steps\": 1}",
                                       .evaluate = "{\"every_steps\": 1}",
                                       .strategy = &scripted};
    struct engine *const e = engine_new(&huge);
    e->setup.privacy = protect(0.01, 1, MU_UNSET);
    assert_int_equal(engine_run(e), MU_OK);
    assert_true(norms[2] == 0 && norms[1] > 0.999);
    assert_true(fabs(e->result.model[0] - 2.0 / 3) < 6 * 0.01 / 3);
    engine_free(e);
    script.lost = NULL;
    struct engine *const plain = engine_new(&huge); /* without privacy it is lost as diverged */
    engine_run(plain);
    assert_non_null(strstr(script_log, "x2"));
    engine_free(plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_are_clipped_where_they_are_made),  cmocka_unit_test(every_release_is_charged),
        cmocka_unit_test(a_run_ends_when_everybody_has_taken_part), cmocka_unit_test(the_clip_follows_the_norms),
        cmocka_unit_test(what_is_not_finite_counts_as_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
