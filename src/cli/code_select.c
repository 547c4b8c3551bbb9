/* muster code select: which coded scheme with which parameters? A probe of worker times, measured in the config's
 * simulated world or read from a file, is replayed under every candidate. */
#include "code_select.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "cli.h"
#include "muster/base/mem.h"
#include "muster/coding/select.h"
#include "muster/run/scenario.h"

struct options {
    const char *config, *probe;
    const char *set[64];
    size_t n_set;
    double rounds, jobs, models, window, mu, alpha, load, vector_s;
    enum mu_wait_out wait_out;
    bool json, cyclic;
};

/* What is replayed. */
struct probe {
    uint32_t n, rounds;
    double *time_s; /* [rounds][n], owned */
    size_t room;
    double load, alpha, vector_s;
};

enum { ROUNDS = 256, JOBS, MODELS, WINDOW, MU, ALPHA, LOAD, VECTOR, WAIT, PROBE, SET, JSON, CYCLIC };
static const struct option longs[] = {
    {"rounds", required_argument, NULL, ROUNDS}, {"jobs", required_argument, NULL, JOBS},
    {"models", required_argument, NULL, MODELS}, {"window", required_argument, NULL, WINDOW},
    {"mu", required_argument, NULL, MU},         {"alpha", required_argument, NULL, ALPHA},
    {"load", required_argument, NULL, LOAD},     {"vector-s", required_argument, NULL, VECTOR},
    {"wait-out", required_argument, NULL, WAIT}, {"probe", required_argument, NULL, PROBE},
    {"set", required_argument, NULL, SET},       {"json", no_argument, NULL, JSON},
    {"cyclic", no_argument, NULL, CYCLIC},       {0},
};

static int parse_number(const char *what, const char *text, double low, double high, bool whole, double *out,
                        struct mu_err *err) {
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end != '\0' || !(*out >= low) || *out > high || (whole && *out != floor(*out))) {
        return mu_fail(err, MU_USAGE, what, "expected a %snumber in %g..%g, got \"%s\"", whole ? "whole " : "", low,
                       high, text);
    }
    return MU_OK;
}

static int take_option(int which, const char *value, struct options *o, struct mu_err *err) {
    switch (which) {
    case ROUNDS:
        return parse_number("--rounds", value, 1, 100000, true, &o->rounds, err);
    case JOBS:
        return parse_number("--jobs", value, 1, 1e6, true, &o->jobs, err);
    case MODELS:
        return parse_number("--models", value, 1, 64, true, &o->models, err);
    case WINDOW:
        return parse_number("--window", value, 2, 1000, true, &o->window, err);
    case MU:
        return parse_number("--mu", value, 0, 1e6, false, &o->mu, err);
    case ALPHA:
        return parse_number("--alpha", value, 0, 1e12, false, &o->alpha, err);
    case LOAD:
        return parse_number("--load", value, 0, 1, false, &o->load, err);
    case VECTOR:
        return parse_number("--vector-s", value, 0, 1e9, false, &o->vector_s, err);
    case WAIT:
        o->wait_out = strcmp(value, "minimal") == 0 ? MU_WAIT_OUT_MINIMAL : MU_WAIT_OUT_ALL;
        return strcmp(value, mu_wait_outs[o->wait_out]) == 0
                   ? MU_OK
                   : mu_fail(err, MU_USAGE, "--wait-out", "expected all or minimal, got \"%s\"", value);
    case PROBE:
        o->probe = value;
        return MU_OK;
    case SET:
        if (o->n_set == sizeof o->set / sizeof *o->set) {
            return mu_fail(err, MU_USAGE, "--set", "at most %zu of them", o->n_set);
        }
        o->set[o->n_set++] = value;
        return MU_OK;
    case CYCLIC:
        o->cyclic = true;
        return MU_OK;
    default:
        o->json = true;
        return MU_OK;
    }
}

static int parse(int argc, char **argv, struct options *o, struct mu_err *err) {
    *o = (struct options){
        .rounds = 80, .jobs = 80, .models = 4, .window = 24, .mu = 1, .alpha = NAN, .load = NAN, .vector_s = NAN};
    opterr = 0;
    optind = 1;
    for (int which; (which = getopt_long(argc, argv, ":", longs, NULL)) != -1;) {
        if (which == ':' || which == '?') {
            mu_fail(err, MU_USAGE, "code select", which == ':' ? "%s needs a value" : "unknown option %s",
                    argv[optind - 1]);
            return mu_fail_help(err, "muster code --help lists them");
        }
        MU_TRY(take_option(which, optarg, o, err));
    }
    if (optind + 1 != argc) {
        mu_fail(err, MU_USAGE, "code select", "expected one CONFIG");
        return mu_fail_help(err, "for example: muster code select configs/coding/gc.json");
    }
    o->config = argv[optind];
    return MU_OK;
}

/* One line of numbers between commas, a round; p->n numbers, or any number if p->n is 0. */
static int read_line(struct probe *p, const char *line, const char *end, const char *place, struct mu_err *err) {
    uint32_t n = 0;
    while (line < end) {
        const size_t at = (size_t)p->rounds * p->n + n;
        void *times = p->time_s;
        MU_TRY(mu_grow(&times, &p->room, at + 1, sizeof *p->time_s, err));
        p->time_s = times;
        char *stop;
        p->time_s[at] = strtod(line, &stop);
        const char *rest = stop;
        while (rest < end && (*rest == ' ' || *rest == '\t' || *rest == '\r')) {
            rest++;
        }
        if (stop == line || stop > end || (rest < end && *rest != ',') || !isfinite(p->time_s[at]) ||
            p->time_s[at] < 0) {
            const char *comma = memchr(line, ',', (size_t)(end - line));
            const int length = (int)((comma != NULL ? comma : end) - line);
            return mu_fail(err, MU_BAD_CONFIG, place, "worker %u: expected a time in seconds, got \"%.*s\"", n,
                           length < 40 ? length : 40, line);
        }
        n++;
        line = rest < end ? rest + 1 : end;
    }
    if (p->rounds > 0 && n != p->n) {
        return mu_fail(err, MU_BAD_CONFIG, place, "%u times, but the rounds before have %u", n, p->n);
    }
    p->n = n;
    p->rounds++;
    return MU_OK;
}

/* A line per round, a number per worker; lines of '#' and empty ones are skipped. */
static int read_probe(struct probe *p, const char *path, struct mu_err *err) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return mu_fail(err, MU_BAD_CONFIG, path, "%s", strerror(errno));
    }
    char *line = NULL;
    size_t room = 0;
    int code = MU_OK;
    unsigned number = 0;
    for (ssize_t length; code == MU_OK && (length = getline(&line, &room, file)) >= 0;) {
        char place[600];
        snprintf(place, sizeof place, "%s:%u", path, ++number);
        const size_t end = strcspn(line, "\r\n");
        if (strlen(line) < (size_t)length) {
            code = mu_fail(err, MU_BAD_CONFIG, place, "not a text: it has a NUL byte");
        } else if (end > 0 && line[0] != '#') {
            code = read_line(p, line, line + end, place, err);
        }
    }
    if (code == MU_OK && ferror(file)) {
        code = mu_fail(err, MU_BAD_CONFIG, path, "%s", strerror(errno));
    } else if (code == MU_OK && p->rounds == 0) {
        code = mu_fail(err, MU_BAD_CONFIG, path, "no rounds in it");
    }
    free(line);
    (void)fclose(file);
    return code;
}

static double mean_s(const struct mu_world *world, uint32_t n, uint32_t rounds, uint64_t rows, uint64_t bytes,
                     double *time_s) {
    double sum = 0;
    for (uint32_t r = 0; r < rounds; r++) {
        for (uint32_t i = 0; i < n; i++) {
            const struct mu_job_request request = {i, r, rows, bytes, bytes};
            const double time = 1e-9 * (double)mu_world_job(world, &request).duration_ns;
            if (time_s != NULL) {
                time_s[(size_t)r * n + i] = time;
            }
            sum += time;
        }
    }
    return sum / n / rounds;
}

/* Uncoded rounds in the simulated world. The world's own law gives what more rows, and another vector, cost. */
static int measure(struct probe *p, const struct options *o, const struct mu_stage *stage, struct mu_err *err) {
    const uint32_t n = mu_data_clients(stage->data);
    const uint32_t rounds = (uint32_t)o->rounds;
    const uint64_t total = mu_data_total(stage->data);
    const uint64_t rows = (total + n - 1) / n;
    const uint64_t bytes = mu_model_dim(stage->model) * sizeof(double);
    if ((p->time_s = mu_alloc((size_t)n * rounds, sizeof *p->time_s, err)) == NULL) {
        return err->code;
    }
    p->n = n;
    p->rounds = rounds;
    p->load = 1.0 / n;
    const double one = mean_s(stage->world, n, rounds, rows, bytes, p->time_s);
    const double more = mean_s(stage->world, n, rounds, rows + total, bytes, NULL);
    p->alpha = more - one;
    double up = 0;
    for (uint32_t r = 0; r < rounds; r++) {
        for (uint32_t i = 0; i < n; i++) {
            const struct mu_job_request request = {i, r, rows, bytes, 2 * bytes};
            up += 1e-9 * (double)mu_world_job(stage->world, &request).duration_ns;
        }
    }
    p->vector_s = up / n / rounds - one;
    return MU_OK;
}

static void print_candidate(const struct mu_candidate *c, char text[static 64]) {
    if (c->scheme == MU_SCHEME_GC) {
        snprintf(text, 64, "s=%u", c->s);
    } else if (c->scheme == MU_SCHEME_UNCODED) {
        snprintf(text, 64, "-");
    } else {
        snprintf(text, 64, "B=%u W=%u lambda=%u", c->B, c->W, c->lambda);
    }
}

static void print_text(const struct probe *p, const struct mu_estimate *best, uint32_t winner) {
    printf("probe        %u workers, %u rounds at load %.7f; %.6g s per unit of load, %.6g s per further vector\n\n",
           p->n, p->rounds, p->load, p->alpha, p->vector_s);
    printf("scheme    parameters                    load   T    estimated s   waited  rounds\n");
    for (uint32_t k = 0; k < MU_SCHEMES; k++) {
        char text[64];
        print_candidate(&best[k].candidate, text);
        if (!isfinite(best[k].total_s)) {
            printf("%-9s none with as few models\n", mu_scheme_names[k]);
            continue;
        }
        printf("%-9s %-24s %9.7f %3u %14.4f %8llu %7llu%s\n", mu_scheme_names[k], text, best[k].load, best[k].delay,
               best[k].total_s, (unsigned long long)best[k].waited, (unsigned long long)best[k].rounds,
               k == winner ? "  <- best" : "");
    }
}

static int print_json(const struct probe *p, const struct mu_estimate *best, uint32_t winner, struct mu_err *err) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "workers", p->n);
    cJSON_AddNumberToObject(json, "rounds", p->rounds);
    cJSON_AddNumberToObject(json, "load", p->load);
    cJSON_AddNumberToObject(json, "alpha", p->alpha);
    cJSON_AddNumberToObject(json, "vector_s", p->vector_s);
    cJSON_AddStringToObject(json, "best", mu_scheme_names[winner]);
    cJSON *list = cJSON_AddArrayToObject(json, "schemes");
    for (uint32_t k = 0; k < MU_SCHEMES; k++) {
        const struct mu_estimate *e = &best[k];
        if (!isfinite(e->total_s)) {
            continue;
        }
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "scheme", mu_scheme_names[k]);
        if (k == MU_SCHEME_GC) {
            cJSON_AddNumberToObject(o, "s", e->candidate.s);
        } else if (k != MU_SCHEME_UNCODED) {
            cJSON_AddNumberToObject(o, "B", e->candidate.B);
            cJSON_AddNumberToObject(o, "W", e->candidate.W);
            cJSON_AddNumberToObject(o, "lambda", e->candidate.lambda);
        }
        cJSON_AddNumberToObject(o, "load", e->load);
        cJSON_AddNumberToObject(o, "delay", e->delay);
        cJSON_AddNumberToObject(o, "estimated_s", e->total_s);
        cJSON_AddNumberToObject(o, "waited", (double)e->waited);
        cJSON_AddItemToArray(list, o);
    }
    return mu_cli_print_json(json, err);
}

static int select_and_print(const struct options *o, const struct probe *p, struct mu_err *err) {
    struct mu_profile profile;
    MU_TRY(mu_profile_init(&profile, p->n, p->rounds, p->time_s, p->load, p->alpha, err));
    profile.vector_s = p->vector_s;
    const struct mu_select_options options = {.rule = {o->mu, o->wait_out},
                                              .jobs = (int64_t)o->jobs,
                                              .most_delay = (uint32_t)o->models - 1,
                                              .most_W = (uint32_t)o->window,
                                              .groups = !o->cyclic};
    struct mu_estimate best[MU_SCHEMES];
    enum mu_scheme winner;
    const int code = mu_select_schemes(&profile, &options, best, &winner, err);
    mu_profile_clear(&profile);
    if (code == MU_OK && o->json) {
        return print_json(p, best, winner, err);
    }
    if (code == MU_OK) {
        print_text(p, best, winner);
    }
    return code;
}

static int with_stage(const struct options *o, struct mu_comm *comm, struct probe *p, struct mu_err *err) {
    struct mu_scenario scenario = {0};
    struct mu_stage stage;
    int code = mu_scenario_read(o->config, o->n_set, o->set, comm, &scenario, err);
    if (code == MU_OK && (code = mu_stage_new(&stage, o->config, &scenario, comm, err)) == MU_OK) {
        code = measure(p, o, &stage, err);
        mu_stage_clear(&stage);
    }
    mu_scenario_clear(&scenario);
    return code;
}

/* A recorded probe takes the place of the measured times; what more work costs is still that of the config's world. */
static int use_recorded(const struct options *o, struct probe *p, struct mu_err *err) {
    struct probe recorded = {.load = p->load, .alpha = p->alpha, .vector_s = p->vector_s};
    int code = read_probe(&recorded, o->probe, err);
    if (code == MU_OK && recorded.n != p->n) {
        code = mu_fail(err, MU_BAD_CONFIG, o->probe, "times of %u workers, but the config has %u clients", recorded.n,
                       p->n);
    }
    if (code != MU_OK) {
        mu_free(recorded.time_s);
        return code;
    }
    mu_free(p->time_s);
    *p = recorded;
    return MU_OK;
}

int mu_cli_code_select(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    struct options o;
    struct probe p = {0};
    MU_TRY(parse(argc, argv, &o, err));
    *comm = mu_comm_solo();
    int code = with_stage(&o, *comm, &p, err);
    if (code == MU_OK && o.probe != NULL) {
        code = use_recorded(&o, &p, err);
    }
    p.alpha = isnan(o.alpha) ? p.alpha : o.alpha;
    p.load = isnan(o.load) ? p.load : o.load;
    p.vector_s = isnan(o.vector_s) ? p.vector_s : o.vector_s;
    if (code == MU_OK) {
        code = select_and_print(&o, &p, err);
    }
    mu_free(p.time_s);
    return code;
}
