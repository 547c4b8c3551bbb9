/* muster check: validate a scenario, show what it resolves to and how the data falls to the clients. */
#include <math.h>
#include <stdio.h>

#include "cli.h"
#include "muster/base/mem.h"
#include "muster/run/scenario.h"

/* What the run will have spent if it goes as planned. */
static void print_privacy(const struct mu_privacy *p) {
    if (p->config == NULL) {
        return;
    }
    mu_cli_warn_insecure(!p->secret);
    const struct mu_dp_cost *cost = &p->planned;
    if (isnan(p->sigma)) {
        printf("privacy of each %s: the strategy makes its own noise, for epsilon %.6g at delta %g\n\n",
               mu_dp_unit_name(p->unit), p->config->epsilon, p->config->delta);
        return;
    }
    printf(
        "privacy of each %s: noise multiplier %.6g, epsilon %.6g at delta %g after %lld releases (%s; neighbours: %s; "
        "sampling: %s)%s\n\n",
        mu_dp_unit_name(p->unit), p->sigma, cost->epsilon, cost->delta, (long long)p->steps, p->accountant->kind.name,
        mu_dp_adjacency_name(cost->adjacency), mu_dp_sampling_name(cost->sampling),
        cost->grid_edge ? ", at the grid's edge: it may be far less" : "");
}

static int check_stage(const struct mu_cli_options *o, const struct mu_scenario *scenario, struct mu_comm *comm,
                       struct mu_err *err) {
    struct mu_stage stage;
    MU_TRY(mu_stage_new(&stage, o->config, scenario, comm, err));
    int code = mu_cli_print_json(mu_scenario_json(scenario), err);
    if (code == MU_OK && !o->config_only) {
        printf("\nmodel: %zu parameters in %s; about %.1f MB per rank beside the data\n\n", mu_model_dim(stage.model),
               mu_model_elem(stage.model) == MU_F32 ? "float32" : "float64", mu_stage_peak_bytes(&stage, 1) / 1e6);
        print_privacy(&stage.privacy);
        code = mu_data_describe(stage.data, stdout, err);
    }
    mu_stage_clear(&stage);
    return code;
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    struct mu_cli_options o;
    int code = mu_cli_parse(argc, argv, "c", &o, err);
    if (code == MU_OK && o.help) {
        mu_cli_help(&mu_cli_check);
    } else if (code == MU_OK) {
        struct mu_scenario scenario = {0};
        *comm = mu_comm_solo();
        code = mu_scenario_read(o.config, o.n_set, o.set, *comm, &scenario, err);
        if (code == MU_OK) {
            code = check_stage(&o, &scenario, *comm, err);
        }
        mu_scenario_clear(&scenario);
    }
    mu_free(o.set);
    return code;
}

const struct mu_command_line mu_cli_check = {
    .name = "check",
    .synopsis = "CONFIG [options]",
    .summary = "validate a scenario; print its resolved config and the partition",
    .options = "      --set a.b.c=VALUE  override an option of the config; may be repeated\n"
               "      --config           print the resolved config alone\n"
               "  -h, --help             this text\n",
    .run = run,
};
