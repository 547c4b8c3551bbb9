/* Every law of the registry against independent numbers: Kolmogorov-Smirnov against its CDF, the CDF against a value
 * computed elsewhere, mean, variance and tail. Seeds are fixed; each check would fail for one correct generator in a
 * million, and has a negative control: the same samples, against a parameter that is a few percent off, fail. */
#include "law.h"

enum { SAMPLES = 40000 };

/* One continuous law. Mean, variance and P(X <= at) were computed with Python: closed forms for all but the normals,
 * for which Simpson's rule over 4e6 intervals of the truncated density was used. */
static const struct continuous {
    const char *kind, *json;
    double mean, variance, at, below;
    const char *off; /* nearly the same law, which must be told apart */
} continuous[] = {
    {"uniform", "{\"kind\": \"uniform\", \"low\": 2, \"high\": 5}", 3.5, 0.75, 4.9, 2.9 / 3,
     "{\"kind\": \"uniform\", \"low\": 2, \"high\": 5.1}"},
    {"normal", "{\"kind\": \"normal\", \"mean\": 1, \"sd\": 0.5}", 1.02762393134, 0.221612987078, 1.9, 0.963233232065,
     "{\"kind\": \"normal\", \"mean\": 1.02, \"sd\": 0.5}"},
    {"normal", "{\"kind\": \"normal\", \"mean\": 0.2, \"sd\": 1}", 0.87507317979, 0.40926156597, 2.4, 0.975997903381,
     "{\"kind\": \"normal\", \"mean\": 0.2, \"sd\": 1.04}"},
    {"normal", "{\"kind\": \"normal\", \"mean\": -3, \"sd\": 1}", 0.28309865493, 0.0705591867853, 1.2, 0.990113513241,
     "{\"kind\": \"normal\", \"mean\": -3, \"sd\": 1.03}"},
    {"normal", "{\"kind\": \"normal\", \"mean\": -6, \"sd\": 1}", 0.158482604545, 0.0239876367892, 0.7, 0.989437353042,
     "{\"kind\": \"normal\", \"mean\": -6, \"sd\": 1.03}"},
    {"half_normal", "{\"kind\": \"half_normal\", \"min\": 0.5, \"sd\": 2}", 2.09576912160573, 1.45352091052967, 5.5,
     0.987580669348448, "{\"kind\": \"half_normal\", \"min\": 0.5, \"sd\": 2.1}"},
    {"exponential", "{\"kind\": \"exponential\", \"mean\": 2}", 2, 4, 9, 0.988891003461758,
     "{\"kind\": \"exponential\", \"mean\": 2.1}"},
    {"shifted_exponential", "{\"kind\": \"shifted_exponential\", \"shift\": 1, \"mean\": 2}", 3, 4, 9,
     0.981684361111266, "{\"kind\": \"shifted_exponential\", \"shift\": 1.05, \"mean\": 2}"},
    {"lognormal", "{\"kind\": \"lognormal\", \"mu\": 0.3, \"sigma\": 0.5}", 1.52959041966338, 0.664519172020442, 4,
     0.985094357274118, "{\"kind\": \"lognormal\", \"mu\": 0.33, \"sigma\": 0.5}"},
    {"gamma", "{\"kind\": \"gamma\", \"shape\": 3, \"scale\": 2}", 6, 12, 16, 0.986246032255997,
     "{\"kind\": \"gamma\", \"shape\": 3.15, \"scale\": 2}"},
    {"gamma", "{\"kind\": \"gamma\", \"shape\": 0.5, \"scale\": 2}", 1, 2, 6, 0.98569412156457,
     "{\"kind\": \"gamma\", \"shape\": 0.52, \"scale\": 2}"},
    {"weibull", "{\"kind\": \"weibull\", \"shape\": 1.5, \"scale\": 2}", 1.80549058590187, 1.50276113925573, 5,
     0.980800039844991, "{\"kind\": \"weibull\", \"shape\": 1.5, \"scale\": 2.08}"},
    {"weibull", "{\"kind\": \"weibull\", \"shape\": 0.8, \"scale\": 2}", 2.26600619263869, 8.15861981671446, 10,
     0.973321527665169, "{\"kind\": \"weibull\", \"shape\": 0.84, \"scale\": 2}"},
    {"pareto", "{\"kind\": \"pareto\", \"scale\": 2, \"shape\": 6}", 2.4, 0.24, 4, 0.984375,
     "{\"kind\": \"pareto\", \"scale\": 2, \"shape\": 6.3}"},
};
enum { CONTINUOUS = sizeof continuous / sizeof *continuous };

/* Laws on a few values. */
static const struct discrete {
    const char *kind, *json;
    size_t n;
    double value[4], probability[4];
} discrete[] = {
    {"choice",
     "{\"kind\": \"choice\", \"values\": [1, 7, 0.1, 3, 9, 8], \"weights\": [4, 0, 1, 2, 3, 0]}",
     4,
     {0.1, 1, 3, 9},
     {0.1, 0.4, 0.2, 0.3}},
    {"choice", "{\"kind\": \"choice\", \"values\": [4, 3, 2, 1]}", 4, {1, 2, 3, 4}, {0.25, 0.25, 0.25, 0.25}},
};
enum { DISCRETE = sizeof discrete / sizeof *discrete };

/* Draws as jobs do: one sequence per ordinal. */
static void draw(double *x, const struct mu_law *law, enum mu_stream stream) {
    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct mu_rng rng;
        mu_rng_init(&rng, 11, stream, 3, i);
        x[i] = mu_law_sample(law, &rng, 0);
    }
}

/* support_ks has no room for a law. */
static const struct mu_law *ks_law;
static double ks_cdf(double x, const double *unused) {
    (void)unused;
    return mu_law_cdf(ks_law, 0, x);
}

static double *samples;

static void draws_follow_the_cdf(void **state) {
    (void)state;
    for (size_t i = 0; i < CONTINUOUS; i++) {
        struct test_law t;
        struct test_law off;
        test_law_new(&t, continuous[i].json, 1);
        test_law_new(&off, continuous[i].off, 1);
        draw(samples, &t.law, MU_STREAM_DELAY);
        ks_law = &t.law;
        const double right = support_ks(SAMPLES, samples, ks_cdf, NULL);
        ks_law = &off.law;
        const double wrong = support_ks(SAMPLES, samples, ks_cdf, NULL);
        if (!(right < SUPPORT_KS_LIMIT) || !(wrong > SUPPORT_KS_LIMIT)) {
            fail_msg("%s: Kolmogorov-Smirnov %g, and %g for %s", continuous[i].json, right, wrong, continuous[i].off);
        }
        test_law_clear(&t);
        test_law_clear(&off);
    }
}

static void the_cdf_and_the_mean_agree_with_independent_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < CONTINUOUS; i++) {
        const struct continuous *c = &continuous[i];
        struct test_law t;
        struct test_law off;
        test_law_new(&t, c->json, 1);
        test_law_new(&off, c->off, 1);
        const double below = mu_law_cdf(&t.law, 0, c->at);
        if (fabs(below - c->below) > 1e-9 || fabs(mu_law_mean(&t.law, 0) - c->mean) > 1e-9 * c->mean) {
            fail_msg("%s: P(X <= %g) = %.12g, mean %.12g", c->json, c->at, below, mu_law_mean(&t.law, 0));
        }
        assert_true(fabs(mu_law_mean(&off.law, 0) - c->mean) > 1e-3 * c->mean);
        assert_true(mu_law_cdf(&t.law, 0, mu_law_least(&t.law)) == 0.0);
        assert_true(mu_law_cdf(&t.law, 0, INFINITY) == 1.0);
        test_law_clear(&t);
        test_law_clear(&off);
    }
}

/* Standard normal scores of the sample's mean, variance and share above c->at. The variance's own variance comes from
 * the sample's fourth moment. */
static void score_moments(const struct continuous *c, const double *x, double score[3]) {
    double sum = 0.0;
    double second = 0.0;
    double fourth = 0.0;
    double above = 0.0;
    for (size_t i = 0; i < SAMPLES; i++) {
        const double off = x[i] - c->mean;
        sum += off;
        second += off * off;
        fourth += off * off * off * off;
        above += x[i] > c->at;
    }
    const double n = SAMPLES;
    const double variance = second / n;
    const double p = 1.0 - c->below;
    score[0] = sum / n / sqrt(c->variance / n);
    score[1] = (variance - c->variance) / sqrt((fourth / n - variance * variance) / n);
    score[2] = (above - n * p) / sqrt(n * p * (1.0 - p));
}

static void mean_variance_and_tail_are_right(void **state) {
    (void)state;
    for (size_t i = 0; i < CONTINUOUS; i++) {
        const struct continuous *c = &continuous[i];
        struct test_law t;
        test_law_new(&t, c->json, 1);
        draw(samples, &t.law, MU_STREAM_DELAY);
        double score[3];
        score_moments(c, samples, score);
        for (size_t k = 0; k < 3; k++) {
            if (!(fabs(score[k]) < SUPPORT_SCORE_LIMIT)) {
                fail_msg("%s: scores of mean, variance, tail: %g %g %g", c->json, score[0], score[1], score[2]);
            }
        }
        /* Control: other moments are refused. */
        struct continuous wrong = *c;
        wrong.mean += 0.05 * sqrt(c->variance);
        wrong.variance *= 1.5;
        wrong.below -= 0.6 * (1.0 - c->below);
        score_moments(&wrong, samples, score);
        for (size_t k = 0; k < 3; k++) {
            if (!(fabs(score[k]) > SUPPORT_SCORE_LIMIT)) {
                fail_msg("%s: control %zu has score %g", c->json, k, score[k]);
            }
        }
        test_law_clear(&t);
    }
}

static void count_values(const struct discrete *d, const double *x, double *count) {
    for (size_t k = 0; k < d->n; k++) {
        count[k] = 0.0;
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t k = 0;
        while (k < d->n && x[i] != d->value[k]) {
            k++;
        }
        if (k == d->n) {
            fail_msg("%s: drew %g", d->json, x[i]);
        }
        count[k] += 1.0;
    }
}

static void discrete_laws_have_their_probabilities(void **state) {
    (void)state;
    for (size_t i = 0; i < DISCRETE; i++) {
        const struct discrete *d = &discrete[i];
        struct test_law t;
        test_law_new(&t, d->json, 1);
        draw(samples, &t.law, MU_STREAM_DELAY);
        double count[4];
        double expected[4];
        double off[4];
        double mean = 0.0;
        double below = 0.0;
        count_values(d, samples, count);
        for (size_t k = 0; k < d->n; k++) {
            expected[k] = SAMPLES * d->probability[k];
            off[k] = expected[k] + (k == 0 ? 0.02 : k == 1 ? -0.02 : 0.0) * SAMPLES;
            mean += d->probability[k] * d->value[k];
            assert_true(fabs(mu_law_cdf(&t.law, 0, d->value[k] - 1e-9) - below) < 1e-12);
            below += d->probability[k];
            assert_true(fabs(mu_law_cdf(&t.law, 0, d->value[k]) - below) < 1e-12);
        }
        assert_true(fabs(mu_law_mean(&t.law, 0) - mean) < 1e-12);
        assert_true(mu_law_least(&t.law) == d->value[0]);
        assert_true(fabs(support_chi_square_score(d->n, count, expected)) < SUPPORT_SCORE_LIMIT);
        assert_true(support_chi_square_score(d->n, count, off) > SUPPORT_SCORE_LIMIT);
        test_law_clear(&t);
    }
}

/* Shares of a file's values, repeated ones counted. */
static void empirical_draws_what_the_file_holds(void **state) {
    (void)state;
    char dir[256];
    char path[300];
    char json[400];
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/durations.csv", dir);
    const char text[] = "seconds\n# measured on a Tuesday\n4\n\n1, 2 # two in a row\r\n2;4\n2 8\n2,8\n";
    snprintf(json, sizeof json, "{\"kind\": \"empirical\", \"file\": \"%s\"}", path);
    struct test_law t;
    struct mu_err err = {0};
    support_write(path, text, sizeof text - 1);
    assert_int_equal(test_law_parse(&t, json, 1, 7, &err), MU_BAD_CONFIG); /* one number, then two */
    support_expect_error(&err, MU_BAD_CONFIG, "durations.csv:5", "expected 1 numbers in a row, got 2");
    test_law_clear(&t);
    const char good[] = "seconds\n4, 1 # two in a row\r\n\n2;2\n4 2\n2,8\n2,8";
    support_write(path, good, sizeof good - 1);
    test_law_new(&t, json, 1);
    draw(samples, &t.law, MU_STREAM_DELAY);
    const struct discrete d = {"empirical", json, 4, {1, 2, 4, 8}, {0.1, 0.5, 0.2, 0.2}};
    const double expected[] = {0.1 * SAMPLES, 0.5 * SAMPLES, 0.2 * SAMPLES, 0.2 * SAMPLES};
    const double off[] = {0.1 * SAMPLES, 0.48 * SAMPLES, 0.2 * SAMPLES, 0.22 * SAMPLES};
    double count[4];
    count_values(&d, samples, count);
    assert_true(fabs(support_chi_square_score(4, count, expected)) < SUPPORT_SCORE_LIMIT);
    assert_true(support_chi_square_score(4, count, off) > SUPPORT_SCORE_LIMIT);
    assert_true(fabs(mu_law_mean(&t.law, 0) - 3.5) < 1e-12);
    assert_true(mu_law_least(&t.law) == 1.0);
    assert_true(fabs(mu_law_cdf(&t.law, 0, 2.0) - 0.6) < 1e-12);
    assert_true(fabs(mu_law_cdf(&t.law, 0, 1.99) - 0.1) < 1e-12);
    test_law_clear(&t);
    support_remove_dir(dir);
}

static void fixed_laws_give_each_client_its_value(void **state) {
    (void)state;
    struct test_law t;
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_DELAY, 0, 0);
    const struct mu_rng untouched = rng;
    test_law_new(&t, "2.5", 3);
    assert_true(mu_law_sample(&t.law, &rng, 2) == 2.5 && mu_law_mean(&t.law, 0) == 2.5 && mu_law_least(&t.law) == 2.5);
    test_law_clear(&t);
    /* F-80 of Fraboni et al. for five clients. */
    test_law_new(&t, "{\"kind\": \"linear\", \"from\": 1, \"to\": 0.2}", 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(fabs(mu_law_sample(&t.law, &rng, i) - (1.0 - 0.2 * i)) < 1e-15);
    }
    assert_true(mu_law_sample(&t.law, &rng, 4) == 0.2 && mu_law_least(&t.law) == 0.2);
    test_law_clear(&t);
    test_law_new(&t, "{\"kind\": \"linear\", \"from\": 1, \"to\": 0.2}", 1);
    assert_true(mu_law_sample(&t.law, &rng, 0) == 1.0 && mu_law_least(&t.law) == 1.0);
    test_law_clear(&t);
    test_law_new(&t, "{\"kind\": \"list\", \"values\": [5, 3, 2]}", 3);
    assert_true(mu_law_sample(&t.law, &rng, 0) == 5.0 && mu_law_sample(&t.law, &rng, 2) == 2.0);
    assert_true(mu_law_cdf(&t.law, 1, 2.9) == 0.0 && mu_law_cdf(&t.law, 1, 3.0) == 1.0);
    assert_true(mu_law_least(&t.law) == 2.0);
    test_law_clear(&t);
    assert_memory_equal(&rng, &untouched, sizeof rng);
}

/* The same values in an order that depends on the seed and on the property, and no longer on the client's number. */
static void a_shuffled_linear_is_a_permutation(void **state) {
    (void)state;
    enum { CLIENTS = 200 };
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_DELAY, 0, 0);
    struct test_law t;
    test_law_new(&t, "{\"kind\": \"linear\", \"from\": 0, \"to\": 199, \"shuffle\": true}", CLIENTS);
    struct mu_law other;
    struct mu_law_scope scope = t.scope;
    scope.property = 1;
    assert_int_equal(mu_law_init(&other, &t.choice, &scope, NULL), MU_OK);
    bool seen[CLIENTS] = {false};
    double with_client = 0.0;
    double with_other = 0.0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        const double x = mu_law_sample(&t.law, &rng, i);
        seen[(size_t)lrint(x)] = true;
        with_client += (x - 99.5) * (i - 99.5);
        with_other += (x - 99.5) * (mu_law_sample(&other, &rng, i) - 99.5);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(seen[i]);
    }
    const double all = (200.0 * 200.0 - 1.0) / 12.0 * CLIENTS; /* what a correlation of 1 sums to */
    /* The correlation of a random permutation has variance 1 / (n - 1). */
    assert_true(fabs(with_client / all) * sqrt(CLIENTS - 1.0) < SUPPORT_SCORE_LIMIT);
    assert_true(fabs(with_other / all) * sqrt(CLIENTS - 1.0) < SUPPORT_SCORE_LIMIT);
    mu_law_clear(&other);
    test_law_clear(&t);
    /* Control: unshuffled, the correlation with the client's number is 1. */
    test_law_new(&t, "{\"kind\": \"linear\", \"from\": 0, \"to\": 199}", CLIENTS);
    with_client = 0.0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        with_client += (mu_law_sample(&t.law, &rng, i) - 99.5) * (i - 99.5);
    }
    assert_true(fabs(with_client / all - 1.0) < 1e-12);
    test_law_clear(&t);
}

/* Contract of a row: a draw is a function of the key alone, draws with other keys in between or not. */
static void a_draw_depends_on_its_key_alone(void **state) {
    (void)state;
    for (size_t i = 0; i < CONTINUOUS; i++) {
        struct test_law t;
        test_law_new(&t, continuous[i].json, 4);
        double first[64];
        for (uint32_t k = 0; k < 64; k++) {
            struct mu_rng rng;
            mu_rng_init(&rng, 5, MU_STREAM_DELAY, k % 4, k / 4);
            first[k] = mu_law_sample(&t.law, &rng, k % 4);
        }
        size_t same_as_neighbour = 0;
        for (uint32_t k = 64; k-- > 0;) {
            struct mu_rng rng;
            mu_rng_init(&rng, 5, MU_STREAM_DELAY, k % 4, k / 4);
            assert_true(mu_law_sample(&t.law, &rng, k % 4) == first[k]);
            same_as_neighbour += k > 0 && first[k] == first[k - 1];
        }
        assert_int_equal(same_as_neighbour, 0);
        test_law_clear(&t);
    }
}

static void every_row_is_tested(void **state) {
    (void)state;
    const char *const elsewhere[] = {"constant", "linear", "list", "empirical"};
    for (size_t r = 0; r < mu_distributions.n; r++) {
        const char *name = mu_distributions.rows[r]->name;
        bool found = false;
        for (size_t i = 0; i < CONTINUOUS; i++) {
            found = found || strcmp(continuous[i].kind, name) == 0;
        }
        for (size_t i = 0; i < DISCRETE; i++) {
            found = found || strcmp(discrete[i].kind, name) == 0;
        }
        for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
            found = found || strcmp(elsewhere[i], name) == 0;
        }
        if (!found) {
            fail_msg("the distribution %s has no row in these tests", name);
        }
    }
}

/* Far in the tail the plain formulas underflow or cancel; these are Mills' ratio's asymptotics. */
static void the_far_tail_of_the_normal_is_exact(void **state) {
    (void)state;
    struct test_law t;
    test_law_new(&t, "{\"kind\": \"normal\", \"mean\": -100, \"sd\": 1}", 1);
    /* Beyond a = 100 the excess is nearly exponential of rate a: mean 1/a - 2/a^3 + 10/a^5. */
    assert_true(fabs(mu_law_mean(&t.law, 0) - (1e-2 - 2e-6 + 1e-9)) < 1e-12);
    assert_true(fabs(mu_law_cdf(&t.law, 0, 0.01) - 0.6321) < 1e-4);
    draw(samples, &t.law, MU_STREAM_DELAY);
    ks_law = &t.law;
    assert_true(support_ks(SAMPLES, samples, ks_cdf, NULL) < SUPPORT_KS_LIMIT);
    test_law_clear(&t);
    struct test_law off;
    test_law_new(&off, "{\"kind\": \"normal\", \"mean\": -96, \"sd\": 1}", 1);
    ks_law = &off.law;
    assert_true(support_ks(SAMPLES, samples, ks_cdf, NULL) > SUPPORT_KS_LIMIT);
    test_law_clear(&off);
}

static void a_pareto_without_mean_says_so(void **state) {
    (void)state;
    struct test_law t;
    test_law_new(&t, "{\"kind\": \"pareto\", \"scale\": 1, \"shape\": 1}", 1);
    assert_true(isinf(mu_law_mean(&t.law, 0)));
    test_law_clear(&t);
    test_law_new(&t, "{\"kind\": \"pareto\", \"scale\": 1, \"shape\": 1.5}", 1);
    assert_true(mu_law_mean(&t.law, 0) == 3.0);
    test_law_clear(&t);
}

static void wrong_options_are_named(void **state) {
    (void)state;
    static const struct {
        const char *json, *place, *text;
    } wrong[] = {
        {"{\"kind\": \"uniform\", \"low\": 2, \"high\": 1}", "test.json: /x/high", "at least low, 2, got 1"},
        {"{\"kind\": \"exponential\", \"mean\": 0}", "test.json: /x/mean", "greater than 0"},
        {"{\"kind\": \"gamma\", \"shape\": -1, \"scale\": 1}", "test.json: /x/shape", "greater than 0"},
        {"{\"kind\": \"choice\", \"values\": []}", "test.json: /x/values", "list of numbers"},
        {"{\"kind\": \"choice\", \"values\": [1, 2], \"weights\": [1]}", "test.json: /x/weights",
         "one weight per value: 2, got 1"},
        {"{\"kind\": \"choice\", \"values\": [1, 2], \"weights\": [0, 0]}", "test.json: /x/weights",
         "positive finite sum"},
        {"{\"kind\": \"choice\", \"values\": [1, 2], \"weights\": [1, -1]}", "test.json: /x/weights/1", "at least 0"},
        {"{\"kind\": \"list\", \"values\": [1, 2]}", "test.json: /x", "one value per client: 3, got 2"},
        {"{\"kind\": \"empirical\", \"file\": \"/nonexistent/x\"}", "test.json: /x/file", "cannot read /nonexistent/x"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct test_law t;
        struct mu_err err = {0};
        test_law_parse(&t, wrong[i].json, 3, 7, &err);
        support_expect_error(&err, MU_BAD_CONFIG, wrong[i].place, wrong[i].text);
        test_law_clear(&t);
    }
}

static void requirements_tell_reached_bounds_from_infima(void **state) {
    (void)state;
    static const struct {
        const char *json;
        bool positive, not_negative, probability;
    } cases[] = {
        {"0", false, true, true},
        {"0.5", true, true, true},
        {"-1", false, false, false},
        {"2", true, true, false},
        {"{\"kind\": \"exponential\", \"mean\": 1}", true, true, false},
        {"{\"kind\": \"uniform\", \"low\": 0, \"high\": 1}", true, true, true},
        {"{\"kind\": \"uniform\", \"low\": -1, \"high\": 1}", false, false, false},
        {"{\"kind\": \"choice\", \"values\": [0, 1]}", false, true, true},
        {"{\"kind\": \"choice\", \"values\": [0, 1], \"weights\": [0, 1]}", true, true, true},
        {"{\"kind\": \"list\", \"values\": [1, 1, 0]}", false, true, true},
        {"{\"kind\": \"list\", \"values\": [1, 1, 1.5]}", true, true, false},
        {"{\"kind\": \"normal\", \"mean\": -1, \"sd\": 1}", true, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_law t;
        test_law_new(&t, cases[i].json, 3);
        const bool got[] = {
            mu_law_require_positive(&t.law, &t.scope, "a duration", NULL) == MU_OK,
            mu_law_require_not_negative(&t.law, &t.scope, "a duration", NULL) == MU_OK,
            mu_law_require_probability(&t.law, &t.scope, "a probability", NULL) == MU_OK,
        };
        if (got[0] != cases[i].positive || got[1] != cases[i].not_negative || got[2] != cases[i].probability) {
            fail_msg("%s: %d %d %d", cases[i].json, got[0], got[1], got[2]);
        }
        test_law_clear(&t);
    }
    struct test_law t;
    struct mu_err err = {0};
    test_law_new(&t, "-1", 3);
    mu_law_require_positive(&t.law, &t.scope, "a duration", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "test.json: /x", "a duration must be positive, but it can be -1");
    test_law_clear(&t);
}

int main(void) {
    samples = calloc(SAMPLES, sizeof *samples);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_follow_the_cdf),
        cmocka_unit_test(the_cdf_and_the_mean_agree_with_independent_numbers),
        cmocka_unit_test(mean_variance_and_tail_are_right),
        cmocka_unit_test(discrete_laws_have_their_probabilities),
        cmocka_unit_test(empirical_draws_what_the_file_holds),
        cmocka_unit_test(fixed_laws_give_each_client_its_value),
        cmocka_unit_test(a_shuffled_linear_is_a_permutation),
        cmocka_unit_test(a_draw_depends_on_its_key_alone),
        cmocka_unit_test(every_row_is_tested),
        cmocka_unit_test(the_far_tail_of_the_normal_is_exact),
        cmocka_unit_test(a_pareto_without_mean_says_so),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(requirements_tell_reached_bounds_from_infima),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(samples);
    return failed;
}
