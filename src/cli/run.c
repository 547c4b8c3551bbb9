/* muster run: one scenario, here or under mpirun. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "muster/base/mem.h"
#include "muster/run/run.h"

static enum mu_progress choose_progress(const struct mu_cli_options *o) {
    if (o->quiet) {
        return MU_PROGRESS_QUIET;
    }
    return mu_cli_on_terminal() ? MU_PROGRESS_LIVE : MU_PROGRESS_PLAIN;
}

static void print_result(const struct mu_run_result *r, bool insecure) {
    if (isfinite(r->test_accuracy)) {
        printf("test accuracy %.4f, ", r->test_accuracy);
    }
    if (isfinite(r->test_loss)) {
        printf("test loss %.6g, ", r->test_loss);
    }
    printf("%llu steps in %.1f s (%.0f samples/s)\nresults: %s\n", (unsigned long long)r->steps, r->wall_s,
           r->samples_per_s, r->directory);
    mu_cli_warn_insecure(insecure);
}

/* In one line and written at once. */
static void print_resume(const struct mu_cli_options *o, const struct mu_run_result *r) {
    char *line = mu_cli_resume_command("run", o, r->directory);
    fprintf(stderr, "muster: interrupted after step %llu; go on with: %s\n", (unsigned long long)r->steps,
            line != NULL ? line : "--resume");
    free(line);
}

static int run_here(const struct mu_cli_options *o, struct mu_comm **comm, struct mu_err *err) {
    mu_cli_catch_signals();
    *comm = mu_cli_comm();
    if (mu_comm_rank(*comm) == 0) {
        mu_cli_report_ready();
    }
    struct mu_scenario scenario = {0};
    MU_TRY(mu_scenario_read(o->config, o->n_set, o->set, *comm, &scenario, err));
    const struct mu_run_options options = {.directory = o->directory,
                                           .force = o->force,
                                           .resume = o->resume,
                                           .progress = choose_progress(o),
                                           .interrupted = mu_cli_interrupted,
                                           .started = mu_cli_report_directory,
                                           .verify = o->verify};
    scenario.output.steps |= o->verify;
    scenario.output.trace |= o->verify;
    struct mu_run_result result;
    int code = mu_run(o->config, &scenario, &options, *comm, &result, err);
    const char *noise_key = mu_privacy_noise_key(&scenario.privacy);
    mu_scenario_clear(&scenario);
    if (code == MU_OK && result.already_done) {
        if (!o->quiet && mu_comm_rank(*comm) == 0) {
            printf("nothing to resume: the run in %s is done\n", result.directory);
        }
        return MU_OK;
    }
    if (code == MU_OK && mu_comm_rank(*comm) == 0) {
        if (!o->quiet) {
            print_result(&result, noise_key != NULL && strcmp(noise_key, "secret") != 0);
        }
        if (!o->quiet && o->verify) {
            mu_cli_print_verified(&result.verified);
        }
        if (result.end == MU_END_INTERRUPTED && !result.saved) {
            fprintf(stderr, "muster: interrupted after step %llu; the results so far are complete\n",
                    (unsigned long long)result.steps);
        } else if (result.end == MU_END_INTERRUPTED) {
            print_resume(o, &result);
        }
    }
    if (code == MU_OK && result.end == MU_END_INTERRUPTED) {
        code = mu_cli_signal_code();
    }
    return code;
}

/* A mistake in the config is found before mpirun is started. */
static int check_first(const struct mu_cli_options *o, struct mu_err *err) {
    struct mu_comm *solo = mu_comm_solo();
    struct mu_scenario scenario = {0};
    const int code = mu_scenario_read(o->config, o->n_set, o->set, solo, &scenario, err);
    mu_scenario_clear(&scenario);
    mu_comm_stop(solo);
    return code;
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    struct mu_cli_options o;
    int code = mu_cli_parse(argc, argv, "nofqrv", &o, err);
    if (code == MU_OK && o.help) {
        mu_cli_help(&mu_cli_run);
    } else if (code == MU_OK && o.ranks > 0 && !mu_comm_launched()) {
        code = check_first(&o, err);
        if (code == MU_OK) {
            code = mu_cli_launch(argc, argv, &o, err);
        }
    } else if (code == MU_OK) {
        code = run_here(&o, comm, err);
    }
    mu_free(o.set);
    return code;
}

const struct mu_command_line mu_cli_run = {
    .name = "run",
    .synopsis = "CONFIG [-n RANKS] [options]",
    .summary = "run a scenario and write its results",
    .options =
        "  -n, --ranks N          start mpirun with N ranks (without it: this process, or the ranks of your own "
        "mpirun)\n"
        "  -o, --output DIR       where the results go; default runs/<name>-<time>\n"
        "      --set a.b.c=VALUE  override an option of the config; may be repeated\n"
        "      --resume           go on with the run in DIR from its newest checkpoint, on any number of ranks\n"
        "      --verify           check the results against each other afterwards; implies output.steps and .trace\n"
        "  -f, --force            overwrite the results that are in DIR\n"
        "  -q, --quiet            print nothing but errors\n"
        "  -h, --help             this text\n\n"
        "Exit codes: 0 done; 2 usage; 3 bad config or data; 4 diverged; 5 I/O; 6 a rank failed;\n"
        "130 or 143 after SIGINT or SIGTERM.\n",
    .run = run,
};
