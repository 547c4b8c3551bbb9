/* muster report: runs and studies as a page, and as figures. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "muster/report/report.h"

struct request {
    const char *page, *png, *svg;
    bool help;
};

static int parse(int argc, char **argv, struct request *request, struct mu_err *err) {
    static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                          {"png", required_argument, NULL, 'p'},
                                          {"svg", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1;) {
        switch (letter) {
        case 'o':
            request->page = optarg;
            break;
        case 'p':
            request->png = optarg;
            break;
        case 's':
            request->svg = optarg;
            break;
        case 'h':
            request->help = true;
            return MU_OK;
        case ':':
            return mu_fail(err, MU_USAGE, "report", "option %s needs a value", argv[optind - 1]);
        default:
            mu_fail(err, MU_USAGE, "report", "unknown option %s", argv[optind - 1]);
            return mu_fail_help(err, "muster report --help lists them");
        }
    }
    if (optind == argc) {
        mu_fail(err, MU_USAGE, "report", "expected the directory of a run or of a study");
        return mu_fail_help(err, "for example: muster report runs/quickstart-20260101-120000");
    }
    return MU_OK;
}

static int draw(const struct mu_report *report, const char *directory, enum mu_figure_format format,
                struct mu_err *err) {
    size_t n = 0;
    if (directory == NULL) {
        return MU_OK;
    }
    MU_TRY(mu_report_figures(report, directory, format, &n, err));
    printf("%s: %zu figure%s\n", directory, n, n == 1 ? "" : "s");
    return MU_OK;
}

static int write_all(const struct mu_report *report, const struct request *request, const char *first,
                     struct mu_err *err) {
    char page[4400];
    snprintf(page, sizeof page, "%s/report.html", first);
    const char *const path = request->page != NULL ? request->page : page;
    /* Figures alone, if they alone were asked for. */
    if (request->page != NULL || (request->png == NULL && request->svg == NULL)) {
        const size_t n = mu_report_runs(report);
        MU_TRY(mu_report_html(report, path, err));
        printf("%s: a report on %zu run%s; open it in a browser\n", path, n, n == 1 ? "" : "s");
    }
    MU_TRY(draw(report, request->png, MU_FIGURE_PNG, err));
    return draw(report, request->svg, MU_FIGURE_SVG, err);
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    struct request request = {0};
    struct mu_report *report = NULL;
    (void)comm;
    MU_TRY(parse(argc, argv, &request, err));
    if (request.help) {
        mu_cli_help(&mu_cli_report);
        return MU_OK;
    }
    MU_TRY(mu_report_new(&report, (const char *const *)argv + optind, (size_t)(argc - optind), err));
    const int code = write_all(report, &request, argv[optind], err);
    mu_report_free(report);
    return code;
}

const struct mu_command_line mu_cli_report = {
    .name = "report",
    .synopsis = "DIR... [options]",
    .summary = "one HTML page, or figures, from runs and studies",
    .options = "  -o, --output FILE      the page; DIR/report.html unless given\n"
               "      --png DIR          figures for a paper instead of the page (needs gnuplot)\n"
               "      --svg DIR          the same as SVG\n"
               "  -h, --help             this text\n",
    .run = run,
};
