/* The config section and the plan: what is read, refused, calibrated, and said about the cost. */
#include "muster/privacy/privacy.h"

#include "support.h"

#include <cJSON.h>

struct holder {
    struct mu_choice privacy;
};
static const struct mu_field holder_fields[] = {
    {"privacy", MU_CHOICE, MU_OPTION, offsetof(struct holder, privacy), "", 0, 0, "{\"kind\": \"none\"}",
     "what is protected, and how", &mu_privacies},
    {0},
};
static const struct mu_group holder_group = {holder_fields, sizeof(struct holder), NULL};

static int parse(const char *text, struct holder *holder, struct mu_err *err) {
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    const int code = mu_group_parse(&holder_group, json, "a.json", "", holder, err);
    cJSON_Delete(json);
    return code;
}

static const struct mu_privacy_plan poisson_plan = {MU_DP_SAMPLING_POISSON, 0.01, 1000, 10, 1, "a.json", "/privacy"};
static const struct mu_privacy_plan full_plan = {MU_DP_SAMPLING_NONE, 1, 1000, 10, 10, "a.json", "/privacy"};
static const struct mu_privacy_plan fixed_plan = {MU_DP_SAMPLING_FIXED, 0.01, 1000, 10, 1, "a.json", "/privacy"};

/* Parses {"privacy": text} and prepares it; the config lives until the next call. */
static struct mu_privacy prepare(const char *text, const struct mu_privacy_plan *plan, struct mu_err *err) {
    static struct holder holder;
    char whole[1024];
    struct mu_privacy p = {0};
    snprintf(whole, sizeof whole, "{\"privacy\": %s}", text);
    mu_group_clear(&holder_group, &holder);
    if (parse(whole, &holder, err) == MU_OK) {
        mu_privacy_prepare(&holder.privacy, plan, &p, err);
    }
    return p;
}

static void the_tables_are_sound(void **state) {
    (void)state;
    struct mu_err err = {0};
    assert_int_equal(mu_group_verify(&holder_group, &err), MU_OK);
    assert_int_equal(mu_group_verify(&mu_ledger_group, &err), MU_OK);
}

static void absent_or_none_is_no_privacy(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct holder holder;
    assert_int_equal(parse("{}", &holder, &err), MU_OK);
    assert_null(mu_privacy_config(&holder.privacy));
    struct mu_privacy p;
    assert_int_equal(mu_privacy_prepare(&holder.privacy, &full_plan, &p, &err), MU_OK);
    assert_null(p.config);
    mu_group_clear(&holder_group, &holder);
}

/* The multipliers are those of the reference (tests/reference/dp_misc_reference.csv, calibrate_sigma). */
static void epsilon_gives_the_noise(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_privacy p =
        prepare("{\"kind\": \"record\", \"epsilon\": 1, \"clip\": 0.5, \"accountant\": \"pld\"}", &poisson_plan, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.sigma - 1.4146) < 1e-3 && p.sigma_sum == p.sigma && p.sensitivity == 1 && p.clip == 0.5);
    assert_true(p.planned.epsilon <= 1 && p.planned.epsilon > 0.9999 && p.planned.delta == 1e-5);
    assert_true(p.unit == MU_DP_RECORD && p.adjacency == MU_DP_ADD_REMOVE && p.sampling == MU_DP_SAMPLING_POISSON);
    assert_true(p.secret && !p.exact && isnan(p.per_worker.epsilon));
    p = prepare("{\"kind\": \"record\", \"noise_multiplier\": 2, \"clip\": 1, \"sampling\": \"fixed\"}", &fixed_plan,
                &err);
    support_expect_ok(&err);
    assert_true(fabs(p.planned.epsilon - 1.445298) < 1e-5 && p.sensitivity == 2);
    assert_true(p.adjacency == MU_DP_REPLACE_ONE && p.sampling == MU_DP_SAMPLING_FIXED);
    /* All records in every step: sampling is not looked at. */
    p = prepare("{\"kind\": \"record\", \"noise_multiplier\": 100, \"clip\": 1, \"sampling\": \"fixed\"}", &full_plan,
                &err);
    support_expect_ok(&err);
    assert_true(p.sensitivity == 1 && p.sampling == MU_DP_SAMPLING_NONE && p.adjacency == MU_DP_ADD_REMOVE);
    p = prepare("{\"kind\": \"record\", \"noise_multiplier\": 0, \"clip\": 1e300}", &full_plan, &err);
    support_expect_ok(&err);
    assert_true(isinf(p.planned.epsilon) && p.sigma_sum == 0);
}

/* Shares of std / sqrt(workers - colluding): their sum has at least the central noise, and one message alone
 * sqrt(workers) times less. */
static void shares_of_workers(void **state) {
    (void)state;
    struct mu_err err = {0};
    const char *text = "{\"kind\": \"record\", \"noise_multiplier\": 100, \"clip\": 1, \"noise\": \"per_worker\", "
                       "\"colluding\": 6, \"accountant\": \"gdp\"}";
    const struct mu_privacy p = prepare(text, &full_plan, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.share - 0.5) < 1e-15);
    assert_true(fabs(p.planned.epsilon - mu_gaussian_epsilon(sqrt(1000) / 100, 1e-5)) < 1e-9);
    assert_true(fabs(p.per_worker.epsilon - mu_gaussian_epsilon(sqrt(1000) / 50, 1e-5)) < 1e-9);
    assert_true(p.per_worker.epsilon > 2 * p.planned.epsilon);
    /* A share too small to be accounted for is none: its cost is infinite, not that of the least multiplier. */
    const struct mu_dp_event release = mu_privacy_event(&p, 1);
    assert_true(release.sigma == 100 && mu_privacy_share_event(&p, &release).sigma == 50);
    const struct mu_dp_event weak = {.sigma = 0.0199};
    assert_true(mu_privacy_share_event(&p, &weak).sigma == 0);
    struct mu_privacy_plan few = full_plan;
    few.workers = 6;
    prepare(text, &few, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "a.json: /privacy/colluding", "no worker is left");
}

static void clients(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_privacy p = prepare("{\"kind\": \"client\", \"noise_multiplier\": 1, \"clip\": 0.1, "
                                  "\"adaptive\": {\"enabled\": true, \"sigma_b\": 5}}",
                                  &poisson_plan, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.sigma_sum - 1.005037815259212) < 1e-14 && p.sigma == 1 && p.sigma_b == 5);
    assert_int_equal(p.unit, MU_DP_CLIENT);
    /* In a cohort of fixed size one of them is replaced, which changes the count by 1: (1 - 1/25)^-1/2. */
    p = prepare("{\"kind\": \"client\", \"noise_multiplier\": 1, \"clip\": 0.1, \"sampling\": \"fixed\", "
                "\"adaptive\": {\"enabled\": true, \"sigma_b\": 5}}",
                &fixed_plan, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.sigma_sum - 1.0206207261596576) < 1e-14);
    /* 10 clients: sigma_b is 0.5, and 2 sigma_b not more than the multiplier. */
    prepare("{\"kind\": \"client\", \"noise_multiplier\": 1, \"clip\": 0.1, \"adaptive\": {\"enabled\": true}}",
            &poisson_plan, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "a.json: /privacy/adaptive/sigma_b", "less than twice sigma_b");
    /* Buffered: only the participations of one client are charged, without amplification. */
    p = prepare("{\"kind\": \"client\", \"noise_multiplier\": 10, \"clip\": 1, \"participations\": 100, "
                "\"accountant\": \"gdp\"}",
                &full_plan, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.planned.epsilon - 4.37717809568) < 1e-9 && p.adjacency == MU_DP_ZERO_OUT && p.sensitivity == 1);
    /* Trees: the reference's (z = 4, 100 steps), whole and in ten of them. */
    struct mu_privacy_plan hundred = poisson_plan;
    hundred.steps = 100;
    p = prepare("{\"kind\": \"client\", \"noise_multiplier\": 4, \"clip\": 1, \"tree\": {\"kind\": \"honaker\"}}",
                &hundred, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.planned.epsilon - 2.958508859) < 1e-6 && p.adjacency == MU_DP_ZERO_OUT);
    p = prepare("{\"kind\": \"client\", \"noise_multiplier\": 4, \"clip\": 1, \"accountant\": \"gdp\", "
                "\"tree\": {\"kind\": \"binary\", \"restart_steps\": 10}}",
                &hundred, &err);
    support_expect_ok(&err);
    assert_true(fabs(p.planned.epsilon - mu_gaussian_epsilon(sqrt(10.0 * 4) / 4, 1e-5)) < 1e-9);
}

static void what_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *words;
        const struct mu_privacy_plan *plan;
    } cases[] = {
        {"{\"kind\": \"record\", \"clip\": 1}", "/privacy/epsilon", "either epsilon or noise_multiplier", &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"noise_multiplier\": 1}", "/privacy/epsilon", "either",
         &full_plan},
        {"{\"kind\": \"record\", \"epsilon\": 1}", "/privacy", "clip", &full_plan},
        {"{\"kind\": \"record\", \"clip\": 0, \"epsilon\": 1}", "/privacy/clip", "greater than 0", &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 0}", "/privacy/epsilon", "greater than 0", &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"delta\": 0}", "/privacy/delta", "greater than 0",
         &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"delta\": 1}", "/privacy/delta", "less than 1",
         &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"accountant\": \"sum\"}", "/privacy/accountant", "",
         &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1}", "/privacy/sampling", "which is not Poisson",
         &fixed_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"sampling\": \"fixed\"}", "/privacy/sampling",
         "not sampling of fixed size", &poisson_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"colluding\": 1}", "/privacy/colluding", "per_worker",
         &full_plan},
        {"{\"kind\": \"client\", \"clip\": 1, \"epsilon\": 1, \"noise\": \"per_worker\"}", "/privacy/noise",
         "excludes sampling", &poisson_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"sampling\": \"fixed\", \"accountant\": \"pld\"}",
         "privacy", "pld has no bound", &fixed_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"adaptive\": {}}", "/privacy/adaptive", "unknown key",
         &full_plan},
        {"{\"kind\": \"record\", \"clip\": 1, \"epsilon\": 1, \"mechanism\": {\"kind\": \"discrete_gaussian\"}}",
         "/privacy/mechanism", "records have kind gaussian", &full_plan},
        {"{\"kind\": \"client\", \"clip\": 1, \"epsilon\": 1, \"mechanism\": {\"kind\": \"discrete_gaussian\"}, "
         "\"adaptive\": {\"enabled\": true}}",
         "/privacy/mechanism", "made for one clip", &full_plan},
        {"{\"kind\": \"client\", \"clip\": 1, \"epsilon\": 1, \"adaptive\": {\"enabled\": true}, "
         "\"tree\": {\"kind\": \"binary\"}}",
         "/privacy/adaptive", "excludes", &full_plan},
        {"{\"kind\": \"client\", \"clip\": 1, \"epsilon\": 1, \"mechanism\": {\"kind\": \"discrete_gaussian\"}, "
         "\"tree\": {\"kind\": \"binary\"}}",
         "/privacy/mechanism", "cannot be exact", &full_plan},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_err err = {0};
        prepare(cases[i].text, cases[i].plan, &err);
        support_expect_error(&err, MU_BAD_CONFIG, cases[i].place, cases[i].words);
    }
}

static void keys(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_noise_key a;
    struct mu_noise_key b;
    struct mu_privacy p = prepare("{\"kind\": \"record\", \"epsilon\": 1, \"clip\": 1}", &full_plan, &err);
    mu_privacy_key(&p, &a, &err);
    mu_privacy_key(&p, &b, &err);
    support_expect_ok(&err);
    assert_memory_not_equal(&a, &b, sizeof a);
    p = prepare("{\"kind\": \"record\", \"epsilon\": 1, \"clip\": 1, \"insecure_noise_seed\": 7}", &full_plan, &err);
    mu_privacy_key(&p, &a, &err);
    mu_privacy_key(&p, &b, &err);
    support_expect_ok(&err);
    assert_memory_equal(&a, &b, sizeof a);
    assert_false(p.secret);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_sound),
        cmocka_unit_test(absent_or_none_is_no_privacy),
        cmocka_unit_test(epsilon_gives_the_noise),
        cmocka_unit_test(shares_of_workers),
        cmocka_unit_test(clients),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
