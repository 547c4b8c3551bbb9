/* Every row of tests/reference/: numbers of Google's and Opacus's accountants, IBM's zCDP and 30-digit quadrature,
 * within the tolerances of the specification (section 3.6). The worst deviation of each accountant is printed. */
#include "muster/privacy/account.h"

#include "support.h"

#include "muster/privacy/privacy.h"

/* The worst deviation of a kind of number, as a share of what is tolerated. */
struct worst {
    const char *what;
    size_t rows;
    double deviation; /* signed, the largest in absolute value */
    const char *unit;
};

static void note(struct worst *w, double deviation) {
    w->rows++;
    w->deviation = fabs(deviation) > fabs(w->deviation) ? deviation : w->deviation;
}

static void print_worst(const struct worst *w) {
    print_message("%-52s %2zu rows, worst deviation %+.2e %s\n", w->what, w->rows, w->deviation, w->unit);
    assert_true(w->rows > 0);
}

static FILE *open_table(const char *name) {
    char path[1024];
    const char *slash = strrchr(__FILE__, '/');
    snprintf(path, sizeof path, "%.*s/../../reference/%s", (int)(slash - __FILE__), __FILE__, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    char header[512];
    assert_non_null(fgets(header, sizeof header, file));
    return file;
}

/* Reads a line of n comma-separated numbers, NAN where there is nothing; false at the end. */
static bool read_numbers(FILE *file, size_t n, double *value) {
    char line[512];
    if (fgets(line, sizeof line, file) == NULL) {
        return false;
    }
    char *at = line;
    for (size_t i = 0; i < n; i++) {
        char *end;
        value[i] = strtod(at, &end);
        value[i] = end == at ? NAN : value[i];
        at = end + (*end == ',');
    }
    return true;
}

static double epsilon_of(const char *accountant, size_t n, const struct mu_dp_event *events, double delta,
                         struct mu_dp_cost *cost) {
    struct mu_err err = {0};
    assert_int_equal(mu_dp_epsilon(mu_accountant_find(accountant), n, events, delta, cost, &err), MU_OK);
    return cost->epsilon;
}

static struct mu_dp_event poisson(double sigma, double q, int64_t count) {
    return (struct mu_dp_event){.kind = MU_DP_POISSON_GAUSSIAN, .sigma = sigma, .q = q, .count = count};
}

enum {
    SIGMA,
    Q,
    T,
    DELTA,
    RDP_GOOGLE,
    ORDER_GOOGLE,
    RDP_OPACUS,
    ORDER_OPACUS,
    RDP_INTEGER,
    PLD,
    PRV,
    EXACT,
    CLT,
    COLUMNS
};

static void epsilon_table(void **state) {
    (void)state;
    struct worst rdp = {"rdp against Opacus", 0, 0, "(1e-6 is tolerated)"};
    struct worst pld = {"pld against Google's pld", 0, 0, "(-1e-3..1e-2 is tolerated)"};
    struct worst plain = {"pld without sampling against the exact value", 0, 0, "(1e-6 is tolerated)"};
    struct worst exact = {"gdp without sampling against the exact value", 0, 0, "(1e-8 is tolerated)"};
    struct worst clt = {"gdp under sampling against the CLT formula", 0, 0, "(1e-6 is tolerated)"};
    FILE *file = open_table("dp_reference.csv");
    double v[COLUMNS];
    struct mu_dp_cost cost;
    while (read_numbers(file, COLUMNS, v)) {
        /* The table has the rates 256/60000 and 250/60000 to ten digits. */
        const struct mu_dp_event e = poisson(v[SIGMA], v[Q], (int64_t)v[T]);
        note(&rdp, epsilon_of("rdp", 1, &e, v[DELTA], &cost) - v[RDP_OPACUS]);
        assert_true(fabs(cost.epsilon - v[RDP_OPACUS]) < 1e-6);
        assert_true(fabs(cost.order - v[ORDER_OPACUS]) < 0.05);
        assert_false(cost.grid_edge || cost.approximate);
        const double loss = epsilon_of("pld", 1, &e, v[DELTA], &cost);
        note(&pld, loss - v[PLD]);
        assert_true(loss > v[PLD] - 1e-3 && loss < v[PLD] + 1e-2);
        const double gdp = epsilon_of("gdp", 1, &e, v[DELTA], &cost);
        assert_int_equal(cost.approximate, v[Q] < 1);
        if (v[Q] == 1) {
            note(&plain, loss - v[EXACT]);
            note(&exact, gdp - v[EXACT]);
            assert_true(fabs(loss - v[EXACT]) < 1e-6 && fabs(gdp - v[EXACT]) < 1e-8);
        } else {
            note(&clt, gdp - v[CLT]);
            assert_true(fabs(gdp - v[CLT]) < 1e-6);
        }
        /* Negative control: a hundredth less noise is seen by each. */
        const struct mu_dp_event less = poisson(0.99 * v[SIGMA], v[Q], (int64_t)v[T]);
        assert_true(fabs(epsilon_of("rdp", 1, &less, v[DELTA], &cost) - v[RDP_OPACUS]) > 1e-6);
        assert_true(epsilon_of("pld", 1, &less, v[DELTA], &cost) > v[PLD] + 5e-3);
    }
    fclose(file);
    print_worst(&rdp);
    print_worst(&pld);
    print_worst(&plain);
    print_worst(&exact);
    print_worst(&clt);
}

static void single_orders(void **state) {
    (void)state;
    struct worst integer = {"Renyi divergence, integer orders, quadrature", 0, 0, "relative (1e-10 is tolerated)"};
    struct worst fractional = {"Renyi divergence, other orders, quadrature", 0, 0, "relative (1e-10 is tolerated)"};
    struct worst opacus = {"Renyi divergence, against Opacus", 0, 0, "relative (1e-8 is tolerated)"};
    FILE *file = open_table("dp_rdp_reference.csv");
    enum { ALPHA = 2, QUADRATURE, GOOGLE, OPACUS, N };
    double v[N];
    while (read_numbers(file, N, v)) {
        const struct mu_dp_event e = poisson(v[SIGMA], v[Q], 1);
        const double rdp = mu_rdp_event(&e, v[ALPHA]);
        const double off = rdp / v[QUADRATURE] - 1;
        note(v[ALPHA] == floor(v[ALPHA]) ? &integer : &fractional, off);
        assert_true(fabs(off) < 1e-10);
        note(&opacus, rdp / v[OPACUS] - 1);
        assert_true(fabs(rdp / v[OPACUS] - 1) < 1e-8);
        const struct mu_dp_event other = poisson(v[SIGMA] * (1 + 1e-8), v[Q], 1);
        assert_true(fabs(mu_rdp_event(&other, v[ALPHA]) / v[QUADRATURE] - 1) > 1e-10);
    }
    fclose(file);
    print_worst(&integer);
    print_worst(&fractional);
    print_worst(&opacus);
}

/* The number after "name=" in the row's parameters. */
static double parameter(const char *row, const char *name) {
    const char *at = strstr(row, name);
    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

static bool starts(const char *row, const char *kind) {
    return strncmp(row, kind, strlen(kind)) == 0 && row[strlen(kind)] == ',';
}

static void check_row(const char *row, double value, double expected, double tolerance, struct worst *w) {
    note(w, value - expected);
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%s: got %.12g, expected %.12g", row, value, expected);
    }
}

/* The rows that are compositions. */
static bool composed_row(const char *row, const char *third, struct worst *rdp, struct worst *pld) {
    struct mu_dp_cost cost;
    if (starts(row, "tree_single_epoch_eps")) {
        const struct mu_dp_event e = {.kind = MU_DP_TREE,
                                      .adjacency = MU_DP_ZERO_OUT,
                                      .sigma = parameter(row, "sigma="),
                                      .count = 1,
                                      .steps = (int64_t)parameter(row, "steps=")};
        check_row(row, epsilon_of("rdp", 1, &e, parameter(row, "delta="), &cost), strtod(third, NULL), 1e-6, rdp);
    } else if (starts(row, "mixed_composition")) {
        const struct mu_dp_event e[] = {poisson(1.2, 0.02, 500), {.kind = MU_DP_GAUSSIAN, .sigma = 20, .count = 25}};
        check_row(row, epsilon_of("rdp", 2, e, 1e-5, &cost), parameter(third, "RDP "), 1e-6, rdp);
        const double loss = epsilon_of("pld", 2, e, 1e-5, &cost);
        note(pld, loss - parameter(third, "PLD "));
        assert_true(loss > parameter(third, "PLD ") - 1e-3 && loss < parameter(third, "PLD ") + 1e-2);
    } else if (starts(row, "wor_replace_one")) {
        const struct mu_dp_event e = {
            .kind = MU_DP_WOR_GAUSSIAN, .adjacency = MU_DP_REPLACE_ONE, .sigma = 2, .q = 0.01, .count = 1000};
        check_row(row, epsilon_of("rdp", 1, &e, 1e-5, &cost), parameter(third, "RDP "), 1e-6, rdp);
        assert_true(cost.order == 13 && cost.sampling == MU_DP_SAMPLING_FIXED && cost.adjacency == MU_DP_REPLACE_ONE);
    } else {
        return false;
    }
    return true;
}

/* Calibration: the reference gives four to seven digits, and its own tolerance is about 1e-6. */
static void calibration_row(const char *row, const char *third, struct worst *w) {
    const double q = parameter(row, "q=");
    const double target = parameter(row, "eps=");
    const double delta = parameter(row, "delta=");
    const struct mu_dp_event shape = poisson(1, q, (int64_t)parameter(row, "T="));
    static const struct {
        const char *accountant, *label;
        double tolerance;
    } kinds[] = {{"rdp", "RDP ", 1e-4}, {"pld", "PLD ", 5e-3}};
    for (size_t k = 0; k < 2; k++) {
        struct mu_err err = {0};
        struct mu_dp_cost cost;
        double sigma = 0;
        const struct mu_accountant *accountant = mu_accountant_find(kinds[k].accountant);
        assert_int_equal(mu_dp_calibrate(accountant, 1, &shape, target, delta, &sigma, &cost, &err), MU_OK);
        check_row(row, sigma, parameter(third, kinds[k].label), kinds[k].tolerance, w);
        const struct mu_dp_event e = poisson(sigma, q, shape.count);
        assert_true(epsilon_of(kinds[k].accountant, 1, &e, delta, &cost) <= target);
        const struct mu_dp_event less = poisson(sigma * (1 - 1e-5), q, shape.count);
        assert_true(epsilon_of(kinds[k].accountant, 1, &less, delta, &cost) > target);
    }
}

static void formula_row(const char *row, double expected, struct worst *w) {
    double value = NAN;
    double tolerance = 1e-9;
    if (starts(row, "analytic_gaussian_eps")) {
        value = mu_gaussian_epsilon(parameter(row, "mu="), parameter(row, "delta="));
        tolerance = 1e-9 * expected;
    } else if (starts(row, "rdp_to_dp_classic")) {
        value = mu_rdp_to_epsilon_classic(parameter(row, "alpha="), parameter(row, "rdp="), parameter(row, "delta="));
    } else if (starts(row, "rdp_to_dp_improved")) {
        value = mu_rdp_to_epsilon(parameter(row, "alpha="), parameter(row, "rdp="), parameter(row, "delta="));
    } else if (starts(row, "zcdp_eps")) {
        value = mu_zcdp_to_epsilon(parameter(row, "rho="), parameter(row, "delta="));
    } else if (starts(row, "zcdp_eps_standard")) {
        value = mu_zcdp_to_epsilon_standard(parameter(row, "rho="), parameter(row, "delta="));
    } else if (starts(row, "adaptive_clip_z_delta")) {
        value = mu_adaptive_sigma(parameter(row, "z="), parameter(row, "sigma_b="));
        tolerance = 1e-14;
    }
    check_row(row, value, expected, tolerance, w); /* a row nobody knows is NAN and fails */
}

static void other_numbers(void **state) {
    (void)state;
    struct worst formulas = {"formulas (Gaussian, conversions, zcdp, adaptive)", 0, 0, "(1e-9 is tolerated)"};
    struct worst rdp = {"rdp, trees, mixtures and fixed size", 0, 0, "(1e-6 is tolerated)"};
    struct worst pld = {"pld, mixtures", 0, 0, "(-1e-3..1e-2 is tolerated)"};
    struct worst calibration = {"calibrated sigma", 0, 0, "(the reference's digits)"};
    FILE *file = open_table("dp_misc_reference.csv");
    char row[512];
    while (fgets(row, sizeof row, file) != NULL) {
        char *third = strchr(strchr(row, ',') + 1, ',') + 1;
        if (starts(row, "calibrate_sigma")) {
            calibration_row(row, third, &calibration);
        } else if (!composed_row(row, third, &rdp, &pld)) {
            formula_row(row, strtod(third, NULL), &formulas);
        }
    }
    fclose(file);
    print_worst(&formulas);
    print_worst(&rdp);
    print_worst(&pld);
    print_worst(&calibration);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epsilon_table),
        cmocka_unit_test(single_orders),
        cmocka_unit_test(other_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
