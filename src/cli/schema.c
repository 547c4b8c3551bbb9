/* muster schema: the options of configs and sweep files, for editors (JSON Schema) or for people (Markdown, which is
 * docs/config.md). */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "muster/config/doc.h"
#include "muster/run/scenario.h"
#include "muster/study/plan.h"

static void print_markdown(void) {
    puts(
        "# Config reference\n\n"
        "One JSON object. Unknown keys, wrong types and values out of range are errors that name the place.\n"
        "`muster check CONFIG` prints a config with every default filled in; `--set a.b.c=value` overrides an option.\n"
        "This page is generated: `muster schema --markdown > docs/config.md`.\n");
    mu_group_markdown(&mu_scenario_group, stdout);
    mu_group_section(&mu_early_stopping_group, "early_stopping",
                     "of a sweep file, which points need not be run to their end", stdout);
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    (void)comm;
    if (argc == 1) {
        return mu_cli_print_json(mu_group_schema(&mu_scenario_group), err);
    }
    if (argc == 2 && strcmp(argv[1], "--sweep") == 0) {
        return mu_cli_print_json(mu_sweep_schema(), err);
    }
    if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        print_markdown();
        return MU_OK;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        mu_cli_help(&mu_cli_schema);
        return MU_OK;
    }
    return argc > 2 ? mu_fail(err, MU_USAGE, "schema", "it takes one option at most")
                    : mu_fail(err, MU_USAGE, "schema", "unknown option %s", argv[1]);
}

const struct mu_command_line mu_cli_schema = {
    .name = "schema",
    .synopsis = "[--sweep | --markdown]",
    .summary = "print the JSON Schema of configs, or of sweep files",
    .options = "      --sweep            that of a sweep file instead: docs/studies.md\n"
               "      --markdown         the config's options as Markdown: docs/config.md\n",
    .run = run,
};
