/* muster privacy epsilon|sigma: the accountants as a calculator. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "cli.h"
#include "muster/privacy/account.h"

struct options {
    bool want_sigma; /* sigma from epsilon; otherwise epsilon from sigma */
    double sigma, epsilon, delta, q;
    int64_t steps;
    const char *accountant;
    enum mu_dp_sampling sampling;
    bool json, help;
};

static const struct option longs[] = {
    {"sigma", required_argument, NULL, 's'},    {"epsilon", required_argument, NULL, 'e'},
    {"delta", required_argument, NULL, 'd'},    {"q", required_argument, NULL, 'q'},
    {"steps", required_argument, NULL, 't'},    {"accountant", required_argument, NULL, 'a'},
    {"sampling", required_argument, NULL, 'p'}, {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},           {0},
};

static int parse_real(const char *what, const char *text, double *out, struct mu_err *err) {
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*out)) {
        return mu_fail(err, MU_USAGE, what, "expected a number, got \"%s\"", text);
    }
    return MU_OK;
}

static int parse_steps(const char *text, int64_t *out, struct mu_err *err) {
    double value;
    MU_TRY(parse_real("--steps", text, &value, err));
    if (!(value >= 1.0 && value <= 1e12 && value == floor(value))) {
        return mu_fail(err, MU_USAGE, "--steps", "expected a whole number in 1..1000000000000, got \"%s\"", text);
    }
    *out = (int64_t)value;
    return MU_OK;
}

static int parse_sampling(const char *text, enum mu_dp_sampling *out, struct mu_err *err) {
    const bool fixed = strcmp(text, "fixed") == 0;
    if (!fixed && strcmp(text, "poisson") != 0) {
        return mu_fail(err, MU_USAGE, "--sampling", "expected poisson or fixed, got \"%s\"", text);
    }
    *out = fixed ? MU_DP_SAMPLING_FIXED : MU_DP_SAMPLING_POISSON;
    return MU_OK;
}

static int take_option(int letter, const char *value, struct options *o, struct mu_err *err) {
    switch (letter) {
    case 's':
        return parse_real("--sigma", value, &o->sigma, err);
    case 'e':
        return parse_real("--epsilon", value, &o->epsilon, err);
    case 'd':
        return parse_real("--delta", value, &o->delta, err);
    case 'q':
        return parse_real("--q", value, &o->q, err);
    case 't':
        return parse_steps(value, &o->steps, err);
    case 'a':
        o->accountant = value;
        return MU_OK;
    case 'p':
        return parse_sampling(value, &o->sampling, err);
    case 'j':
        o->json = true;
        return MU_OK;
    default:
        o->help = true;
        return MU_OK;
    }
}

static int check_usage(int argc, char **argv, struct options *o, struct mu_err *err) {
    const char *what = optind < argc ? argv[optind] : "";
    o->want_sigma = strcmp(what, "sigma") == 0;
    if (optind + 1 != argc || (!o->want_sigma && strcmp(what, "epsilon") != 0)) {
        mu_fail(err, MU_USAGE, argv[0], "expected: epsilon or sigma");
        return mu_fail_help(err, "for example: muster privacy epsilon --sigma 1.1 --q 0.01 --steps 10000 --delta 1e-5");
    }
    const double given = o->want_sigma ? o->epsilon : o->sigma;
    const double superfluous = o->want_sigma ? o->sigma : o->epsilon;
    const char *needed = o->want_sigma ? "--epsilon" : "--sigma";
    if (isnan(given)) {
        return mu_fail(err, MU_USAGE, argv[0], "privacy %s needs %s", what, needed);
    }
    if (!isnan(superfluous)) {
        return mu_fail(err, MU_USAGE, argv[0], "privacy %s computes it: give %s only", what, needed);
    }
    if (isnan(o->delta)) {
        return mu_fail(err, MU_USAGE, argv[0], "privacy %s needs --delta", what);
    }
    return MU_OK;
}

static int parse(int argc, char **argv, struct options *o, struct mu_err *err) {
    *o = (struct options){.sigma = NAN,
                          .epsilon = NAN,
                          .delta = NAN,
                          .q = 1.0,
                          .steps = 1,
                          .accountant = "rdp",
                          .sampling = MU_DP_SAMPLING_POISSON};
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (letter == ':') {
            return mu_fail(err, MU_USAGE, argv[0], "%s needs a value", argv[optind - 1]);
        }
        if (letter == '?') {
            mu_fail(err, MU_USAGE, argv[0], "unknown option %s", argv[optind - 1]);
            return mu_fail_help(err, "muster privacy --help lists them");
        }
        MU_TRY(take_option(letter, optarg, o, err));
    }
    return o->help ? MU_OK : check_usage(argc, argv, o, err);
}

static int print_json(const struct mu_dp_cost *cost, double sigma, struct mu_err *err) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "epsilon", cost->epsilon); /* null if it is infinite */
    cJSON_AddNumberToObject(json, "sigma", sigma);
    cJSON_AddNumberToObject(json, "delta", cost->delta);
    cJSON_AddStringToObject(json, "accountant", cost->accountant);
    cJSON_AddStringToObject(json, "sampling", mu_dp_sampling_name(cost->sampling));
    cJSON_AddStringToObject(json, "adjacency", mu_dp_adjacency_name(cost->adjacency));
    if (!isnan(cost->order)) {
        cJSON_AddNumberToObject(json, "order", cost->order);
    }
    cJSON_AddBoolToObject(json, "grid_edge", cost->grid_edge);
    cJSON_AddBoolToObject(json, "approximate", cost->approximate);
    return mu_cli_print_json(json, err);
}

static void print_text(const struct options *o, const struct mu_dp_cost *cost, double sigma) {
    if (o->want_sigma) {
        printf("sigma       %.10g, which costs epsilon %.10g of the %.10g allowed\n", sigma, cost->epsilon, o->epsilon);
    } else {
        printf("epsilon     %.10g\n", cost->epsilon);
    }
    printf("delta       %g\n", cost->delta);
    printf("accountant  %s", cost->accountant);
    if (!isnan(cost->order)) {
        printf(", order %g", cost->order);
    }
    printf("\nreleases    %lld, noise of %.10g times the sensitivity, sampling %s at rate %.10g\n", (long long)o->steps,
           sigma, mu_dp_sampling_name(cost->sampling), o->q);
    printf(
        "neighbours  %s\n",
        cost->adjacency == MU_DP_REPLACE_ONE
            ? "replace_one: one record or client has another value; the sensitivity of a clipped sum is twice the clip"
            : "add_remove: one record or client is there or not; the sensitivity of a clipped sum is the clip");
    if (cost->grid_edge) {
        printf("note        order %g is at the edge of the grid: epsilon may be far from tight; try --accountant pld\n",
               cost->order);
    }
    if (cost->approximate) {
        printf("note        gdp under sampling is an approximation, not a bound: the truth may be far worse\n");
    }
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    (void)comm;
    struct options o;
    MU_TRY(parse(argc, argv, &o, err));
    if (o.help) {
        mu_cli_help(&mu_cli_privacy);
        return MU_OK;
    }
    const struct mu_accountant *accountant = mu_accountant_find(o.accountant);
    if (accountant == NULL) {
        mu_fail(err, MU_USAGE, "--accountant", "no accountant is called \"%s\"", o.accountant);
        return mu_fail_help(err, "there are rdp, pld, zcdp and gdp");
    }
    const bool fixed = o.sampling == MU_DP_SAMPLING_FIXED;
    struct mu_dp_event event = {.kind = fixed ? MU_DP_WOR_GAUSSIAN : MU_DP_POISSON_GAUSSIAN,
                                .adjacency = fixed ? MU_DP_REPLACE_ONE : MU_DP_ADD_REMOVE,
                                .sigma = o.want_sigma ? 1.0 : o.sigma,
                                .q = o.q,
                                .count = o.steps};
    struct mu_dp_cost cost;
    double sigma = o.sigma;
    if (o.want_sigma) {
        MU_TRY(mu_dp_calibrate(accountant, 1, &event, o.epsilon, o.delta, &sigma, &cost, err));
    } else {
        MU_TRY(mu_dp_epsilon(accountant, 1, &event, o.delta, &cost, err));
    }
    if (o.json) {
        return print_json(&cost, sigma, err);
    }
    print_text(&o, &cost, sigma);
    return MU_OK;
}

const struct mu_command_line mu_cli_privacy = {
    .name = "privacy",
    .synopsis = "epsilon|sigma [options]",
    .summary = "what noise costs, or how much of it a cost needs",
    .options =
        "      --sigma Z          noise multiplier: standard deviation over sensitivity (for epsilon)\n"
        "      --epsilon E        what may be spent (for sigma)\n"
        "      --delta D          within (0, 1)\n"
        "      --q Q              sampling rate of records or clients (1)\n"
        "      --steps T          releases (1)\n"
        "      --accountant NAME  rdp, pld (the tightest), zcdp or gdp (rdp)\n"
        "      --sampling HOW     poisson: each by itself, neighbours add_remove; fixed: batches of one size without\n"
        "                         replacement, neighbours replace_one (poisson)\n"
        "      --json             one JSON object\n"
        "  -h, --help             this text\n",
    .run = run,
};
