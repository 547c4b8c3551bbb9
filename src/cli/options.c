/* Options of the subcommands that take a config. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "muster/base/log.h"
#include "muster/base/mem.h"

static const struct option longs[] = {
    {"ranks", required_argument, NULL, 'n'}, {"output", required_argument, NULL, 'o'},
    {"set", required_argument, NULL, 's'},   {"force", no_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},       {"config", no_argument, NULL, 'c'},
    {"resume", no_argument, NULL, 'r'},      {"verify", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},        {0},
};

/* The letters that have a short form, as getopt wants them. */
static const char shorts[] = ":n:o:fqh";

/* What the user wrote, for an option that is unknown or not for this command. `last` is the argument just read. */
static int refuse(int letter, const char *last, const char *command, struct mu_err *err) {
    const char *name = NULL;
    for (const struct option *l = longs; l->name != NULL && letter != '?'; l++) {
        if (l->val == letter && strchr(shorts, letter) == NULL) {
            name = l->name;
        }
    }
    if (name != NULL) {
        mu_fail(err, MU_USAGE, command, "unknown option --%s", name);
    } else if (letter == '?' && strncmp(last, "--", 2) == 0) {
        mu_fail(err, MU_USAGE, command, "unknown option %s", last);
    } else {
        mu_fail(err, MU_USAGE, command, "unknown option -%c", letter == '?' ? optopt : letter);
    }
    return mu_fail_help(err, "muster %s --help lists them", command);
}

static int parse_ranks(const char *text, long *ranks, struct mu_err *err) {
    char *end;
    errno = 0;
    *ranks = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || *ranks < 1 || *ranks > 1000000) {
        return mu_fail(err, MU_USAGE, "-n", "expected a number of ranks in 1..1000000, got \"%s\"", text);
    }
    return MU_OK;
}

static int take_option(int letter, const char *value, struct mu_cli_options *o, struct mu_err *err) {
    switch (letter) {
    case 'n':
        return parse_ranks(value, &o->ranks, err);
    case 'o':
        o->directory = value;
        return MU_OK;
    case 's':
        o->set[o->n_set++] = value;
        return MU_OK;
    case 'f':
        o->force = true;
        return MU_OK;
    case 'r':
        o->resume = true;
        return MU_OK;
    case 'v':
        o->verify = true;
        return MU_OK;
    case 'q':
        o->quiet = true;
        return MU_OK;
    case 'c':
        o->config_only = true;
        return MU_OK;
    default:
        o->help = true;
        return MU_OK;
    }
}

int mu_cli_parse(int argc, char **argv, const char *allowed, struct mu_cli_options *o, struct mu_err *err) {
    *o = (struct mu_cli_options){0};
    o->set = mu_alloc((size_t)argc, sizeof *o->set, err);
    if (o->set == NULL) {
        return err->code;
    }
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (letter == ':') {
            return mu_fail(err, MU_USAGE, argv[0], "%s needs a value", argv[optind - 1]);
        }
        if (letter == '?' || (strchr("sh", letter) == NULL && strchr(allowed, letter) == NULL)) {
            return refuse(letter, argv[optind - 1], argv[0], err);
        }
        MU_TRY(take_option(letter, optarg, o, err));
    }
    if (o->help) {
        return MU_OK;
    }
    if (optind + 1 != argc || argv[optind][0] == '\0') {
        mu_fail(err, MU_USAGE, argv[0], optind + 1 < argc ? "more than one config was given" : "a config is missing");
        return mu_fail_help(err, "for example: muster %s configs/quickstart.json", argv[0]);
    }
    o->config = argv[optind];
    return MU_OK;
}

/* A word of a command line, quoted where a shell would not leave it alone. */
static void print_word(FILE *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fprintf(out, " %s", word);
        return;
    }
    fputs(" '", out);
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'') {
            fputs("'\\''", out);
        } else {
            fputc(*c, out);
        }
    }
    fputc('\'', out);
}

char *mu_cli_resume_command(const char *command, const struct mu_cli_options *o, const char *directory) {
    char *line = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&line, &n);
    if (out == NULL) {
        return NULL;
    }
    fprintf(out, "muster %s", command);
    print_word(out, o->config);
    if (o->ranks > 0) {
        fprintf(out, " -n %ld", o->ranks);
    }
    for (size_t i = 0; i < o->n_set; i++) {
        fputs(" --set", out);
        print_word(out, o->set[i]);
    }
    fputs(" -o", out);
    print_word(out, directory);
    fputs(o->verify ? " --verify --resume" : " --resume", out);
    if (fclose(out) != 0) {
        free(line);
        return NULL;
    }
    return line;
}

struct mu_comm *mu_cli_comm(void) {
    struct mu_comm *comm = mu_comm_launched() ? mu_comm_start(NULL, NULL) : mu_comm_solo();
    if (comm == NULL) {
        abort(); /* no memory for a few dozen bytes */
    }
    mu_log_silence(mu_comm_rank(comm) != 0);
    return comm;
}
