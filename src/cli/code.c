/* muster code check: builds a gradient code, attacks it with straggler sets, and says what decoding them costs. */
#include <errno.h>
#include <float.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "cli.h"
#include "code_select.h"
#include "muster/base/clock.h"
#include "muster/coding/attack.h"
#include "muster/train/model.h"

struct options {
    long long n, s;
    const char *kind;
    long long draws; /* 0: the code's default */
    long long seed;
    long long sets;
    long long stragglers; /* -1: s */
    bool json, help;
};

static const struct option longs[] = {
    {"code", required_argument, NULL, 'c'},   {"seeds", required_argument, NULL, 'k'},
    {"seed", required_argument, NULL, 'x'},   {"sets", required_argument, NULL, 'm'},
    {"attack", required_argument, NULL, 'a'}, {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},         {0},
};

static int parse_number(const char *what, const char *text, long long low, long long high, long long *out,
                        struct mu_err *err) {
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *out < low || *out > high) {
        return mu_fail(err, MU_USAGE, what, "expected a whole number in %lld..%lld, got \"%s\"", low, high, text);
    }
    return MU_OK;
}

static int take_option(int letter, const char *value, struct options *o, struct mu_err *err) {
    switch (letter) {
    case 'c':
        o->kind = value;
        return MU_OK;
    case 'k':
        return parse_number("--seeds", value, 1, 10000, &o->draws, err);
    case 'x':
        return parse_number("--seed", value, 0, LLONG_MAX, &o->seed, err);
    case 'm':
        return parse_number("--sets", value, 1, 1000000, &o->sets, err);
    case 'a':
        return parse_number("--attack", value, 0, 1000000, &o->stragglers, err);
    case 'j':
        o->json = true;
        return MU_OK;
    default:
        o->help = true;
        return MU_OK;
    }
}

static int parse(int argc, char **argv, struct options *o, struct mu_err *err) {
    *o = (struct options){.kind = "auto", .seed = 1, .sets = 200, .stragglers = -1};
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (letter == ':') {
            return mu_fail(err, MU_USAGE, argv[0], "%s needs a value", argv[optind - 1]);
        }
        if (letter == '?') {
            mu_fail(err, MU_USAGE, argv[0], "unknown option %s", argv[optind - 1]);
            return mu_fail_help(err, "muster code --help lists them");
        }
        MU_TRY(take_option(letter, optarg, o, err));
    }
    if (o->help) {
        return MU_OK;
    }
    if (optind + 3 != argc || strcmp(argv[optind], "check") != 0) {
        mu_fail(err, MU_USAGE, argv[0], "expected: check N S");
        return mu_fail_help(err, "for example: muster code check 256 15");
    }
    MU_TRY(parse_number("N", argv[optind + 1], 1, 1000000, &o->n, err));
    return parse_number("S", argv[optind + 2], 0, 1000000, &o->s, err);
}

struct holder {
    struct mu_choice code;
};
static const struct mu_field holder_fields[] = {MU_CODE_FIELD(struct holder, code), {0}};
static const struct mu_group holder_group = {holder_fields, sizeof(struct holder), NULL};

/* {"code": {"kind": ..., "draws": ...}}, or {"code": KIND} if that is JSON itself. */
static int read_kind(const struct options *o, struct holder *holder, struct mu_err *err) {
    cJSON *object = cJSON_CreateObject();
    cJSON *code = o->kind[0] == '{' ? cJSON_Parse(o->kind) : cJSON_CreateObject();
    if (code == NULL) {
        cJSON_Delete(object);
        return mu_fail(err, MU_USAGE, "--code", "not JSON: %s", o->kind);
    }
    if (o->kind[0] != '{') {
        cJSON_AddStringToObject(code, "kind", o->kind);
    }
    if (o->draws > 0) {
        cJSON_AddNumberToObject(code, "draws", (double)o->draws);
    }
    cJSON_AddItemToObject(object, "code", code);
    const int rc = mu_group_parse(&holder_group, object, "code check", "", holder, err);
    cJSON_Delete(object);
    return rc;
}

struct result {
    const struct mu_coding_facts *facts;
    uint32_t stragglers;
    struct mu_attack random, contiguous;
    double build_s, decode_s; /* decode: a set, weights and check, mean over the random ones */
};

static void print_attack(const char *name, const struct mu_attack *a) {
    printf("%-12s %6u %9u %14.4g %12.4g %11.3g %11.3g %11.4g\n", name, a->sets, a->failures, a->worst.amplification,
           a->worst.norm, a->worst.residual, a->worst.error, a->condition);
}

static void print_text(const struct result *r) {
    const struct mu_coding_facts *f = r->facts;
    printf("code         %s, n = %u, s = %u, %s\n", f->name, f->n, f->s, f->exact ? "exact" : "approximate");
    printf("load         %.7f of the batch a worker on average, at most %u of %u chunks; largest coefficient %.4g\n",
           f->load, f->held_most, f->n, f->largest);
    if (f->draws > 1) {
        printf("draw         %u, the best of %u from seed %llu: amplification %.4g over its trial sets\n", f->draw,
               f->draws, (unsigned long long)f->seed, f->amplification);
    } else if (f->draws == 1) {
        printf("draw         the only one, from seed %llu\n", (unsigned long long)f->seed);
    }
    printf("built        in %.1f ms; weights of a new set %.3f ms\n", 1e3 * r->build_s, 1e3 * r->decode_s);
    printf("\n%u of %u workers straggle; the worst over the sets:\n\n", r->stragglers, f->n);
    printf("stragglers     sets  failures  amplification       |a|_2    residual       error   condition\n");
    print_attack("random", &r->random);
    print_attack("contiguous", &r->contiguous);
    const double worst = fmax(r->random.worst.amplification, r->contiguous.worst.amplification);
    if (!f->plain && f->exact) {
        printf("\nrounding of the messages grows to about %.0e in float64 and %.0e in float32\n",
               worst * DBL_EPSILON / 2, worst * (double)FLT_EPSILON / 2);
    }
}

static void add_attack(cJSON *object, const char *name, const struct mu_attack *a) {
    cJSON *o = cJSON_AddObjectToObject(object, name);
    cJSON_AddNumberToObject(o, "sets", a->sets);
    cJSON_AddNumberToObject(o, "failures", a->failures);
    cJSON_AddNumberToObject(o, "amplification", a->worst.amplification);
    cJSON_AddNumberToObject(o, "norm", a->worst.norm);
    cJSON_AddNumberToObject(o, "residual", a->worst.residual);
    cJSON_AddNumberToObject(o, "error", a->worst.error);
    cJSON_AddNumberToObject(o, "condition", a->condition);
}

static int print_json(const struct result *r, struct mu_err *err) {
    const struct mu_coding_facts *f = r->facts;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "code", f->name);
    cJSON_AddNumberToObject(json, "n", f->n);
    cJSON_AddNumberToObject(json, "s", f->s);
    cJSON_AddBoolToObject(json, "exact", f->exact);
    cJSON_AddNumberToObject(json, "load", f->load);
    cJSON_AddNumberToObject(json, "held_most", f->held_most);
    cJSON_AddNumberToObject(json, "largest_coefficient", f->largest);
    cJSON_AddNumberToObject(json, "seed", (double)f->seed);
    cJSON_AddNumberToObject(json, "draws", f->draws);
    cJSON_AddNumberToObject(json, "draw", f->draw);
    cJSON_AddNumberToObject(json, "stragglers", r->stragglers);
    add_attack(json, "random", &r->random);
    add_attack(json, "contiguous", &r->contiguous);
    cJSON_AddNumberToObject(json, "build_s", r->build_s);
    cJSON_AddNumberToObject(json, "decode_s", r->decode_s);
    return mu_cli_print_json(json, err);
}

/* Attacks the code and prints; an exact code that fails within what it tolerates is an error. */
static int attack(const struct options *o, struct mu_coding *coding, double build_s, struct mu_err *err) {
    struct result r = {.facts = mu_coding_facts(coding), .build_s = build_s};
    r.stragglers = o->stragglers < 0 ? r.facts->s : (uint32_t)o->stragglers;
    if (r.stragglers >= r.facts->n) {
        return mu_fail(err, MU_USAGE, "--attack", "%u stragglers of %u workers leave nobody", r.stragglers, r.facts->n);
    }
    const double start = mu_monotonic_s();
    MU_TRY(mu_attack_random(coding, r.stragglers, (uint32_t)o->sets, (uint64_t)o->seed, &r.random, err));
    r.decode_s = (mu_monotonic_s() - start) / (double)o->sets;
    MU_TRY(mu_attack_contiguous(coding, r.stragglers, (uint32_t)o->sets, &r.contiguous, err));
    if (o->json) {
        MU_TRY(print_json(&r, err));
    } else {
        print_text(&r);
    }
    const uint32_t failures = r.random.failures + r.contiguous.failures;
    if (failures > 0 && r.facts->exact && r.stragglers <= r.facts->s) {
        return mu_fail(err, MU_BAD_CONFIG, "code check", "%u of %u sets of %u stragglers were not decoded", failures,
                       r.random.sets + r.contiguous.sets, r.stragglers);
    }
    return MU_OK;
}

static bool wants_help(int argc, char **argv) {
    return strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[argc - 1], "-h") == 0;
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    if (argc > 1 && strcmp(argv[1], "select") == 0 && !wants_help(argc, argv)) {
        return mu_cli_code_select(argc - 1, argv + 1, comm, err);
    }
    struct options o;
    MU_TRY(parse(argc, argv, &o, err));
    if (o.help) {
        mu_cli_help(&mu_cli_code);
        return MU_OK;
    }
    mu_blas_single_thread();
    struct holder holder = {0};
    MU_TRY(read_kind(&o, &holder, err));
    const struct mu_code_request request = {&holder.code, (uint32_t)o.n, o.s, (uint64_t)o.seed, "code check"};
    struct mu_coding *coding;
    const double start = mu_monotonic_s();
    int rc = mu_coding_new(&coding, &request, err);
    if (rc == MU_OK) {
        rc = attack(&o, coding, mu_monotonic_s() - start, err);
    }
    mu_coding_free(coding);
    mu_group_clear(&holder_group, &holder);
    return rc;
}

const struct mu_command_line mu_cli_code = {
    .name = "code",
    .synopsis = "check N S [options] | select CONFIG [options]",
    .summary = "try a gradient code for N workers of which S straggle, or choose a scheme from a probe",
    .options =
        "      --code KIND        auto (frc where S + 1 divides N, else cyclic), frc, cyclic, bernoulli, sbm,\n"
        "                         expander or identity; or its options as JSON: '{\"kind\": \"sbm\", \"p\": 0.8}'\n"
        "      --seeds K          random draws of a cyclic code to choose the best from (32)\n"
        "      --seed X           of the draws and of the random straggler sets (1)\n"
        "      --sets M           straggler sets of each sort, random and contiguous (200)\n"
        "      --attack K         stragglers in each set, if not S\n"
        "      --json             one JSON object\n"
        "select:\n"
        "      --probe FILE.csv   times in seconds, a line per round, a column per worker; without it, uncoded rounds\n"
        "                         of the config's world\n"
        "      --rounds P         rounds of such a probe (80)\n"
        "      --jobs J           jobs to estimate the time of (80)\n"
        "      --models M         models in rotation, so delays up to M - 1 (4)\n"
        "      --cyclic           gc counts stragglers, and not whether all groups of frc are covered\n"
        "      --window W         largest W of sr_sgc (24)\n"
        "      --mu, --wait-out   of the rounds (1, all)\n"
        "      --load L           share of the rows a worker processed in the probe (1/n)\n"
        "      --alpha S          seconds per unit of load, --vector-s S: per further vector (those of the world)\n"
        "      --set a.b.c=VALUE  override an option of the config; may be repeated\n"
        "  -h, --help             this text\n",
    .run = run,
};
