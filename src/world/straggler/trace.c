/* Replays a table of measured or made-up stragglers: a text file with one row per client and one column per round (the
 * client's own job number). After the last column it starts over. */
#include <stdio.h>
#include <string.h>

#include "muster/base/mem.h"
#include "numbers.h"
#include "row.h"

enum meaning { STRAGGLES, EXTRA_S, SLOWDOWN, DURATION_S };
static const char *const meanings[] = {"straggles", "extra_s", "slowdown", "duration_s", NULL};

struct trace {
    struct mu_straggle_effect effect;
    char *file;
    int values;
};

/* s->table */
struct pattern {
    size_t rounds;
    double value[]; /* (clients, rounds) */
};

/* Zero is an ordinary job in a pattern and no delay in extra_s, but neither a factor nor a duration. */
static int check_values(const struct trace *o, const struct mu_numbers *numbers, struct mu_err *err) {
    const bool zero_allowed = o->values == STRAGGLES || o->values == EXTRA_S;
    for (size_t i = 0; i < numbers->rows * numbers->columns; i++) {
        const double x = numbers->v[i];
        const bool right = o->values == STRAGGLES ? x == 0.0 || x == 1.0 : zero_allowed ? x >= 0.0 : x > 0.0;
        if (!right) {
            char place[512];
            snprintf(place, sizeof place, "%.480s:%zu", o->file, numbers->line[i / numbers->columns]);
            return mu_fail(err, MU_BAD_CONFIG, place, "%s must be %s, got %g in column %zu", meanings[o->values],
                           o->values == STRAGGLES ? "0 or 1"
                           : zero_allowed         ? "at least 0"
                                                  : "positive",
                           x, i % numbers->columns + 1);
        }
    }
    return MU_OK;
}

static int take_pattern(struct mu_straggling *s, const struct mu_numbers *numbers, const char *place,
                        struct mu_err *err) {
    const struct trace *o = s->options;
    if (numbers->rows < s->clients) {
        return mu_fail(err, MU_BAD_CONFIG, place, "expected one row per client: %u, got %zu in %.200s",
                       (unsigned)s->clients, numbers->rows, o->file);
    }
    MU_TRY(check_values(o, numbers, err));
    const size_t n = s->clients * numbers->columns;
    struct pattern *pattern = mu_alloc_uninit(1, sizeof *pattern + n * sizeof *pattern->value, err);
    if ((s->table = pattern) == NULL) {
        return MU_RANK_FAILED;
    }
    pattern->rounds = numbers->columns;
    memcpy(pattern->value, numbers->v, n * sizeof *numbers->v);
    return MU_OK;
}

static int prepare(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct trace *o = s->options;
    char place[512];
    mu_place(place, scope->file, scope->pointer, "file");
    struct mu_numbers numbers;
    MU_TRY(mu_numbers_read(&numbers, o->file, 0, place, err));
    const int rc = take_pattern(s, &numbers, place, err);
    mu_numbers_clear(&numbers);
    return rc;
}

static void job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal, struct mu_straggle *out) {
    const struct pattern *pattern = s->table;
    const double x = pattern->value[client * pattern->rounds + ordinal % pattern->rounds];
    switch ((enum meaning)((const struct trace *)s->options)->values) {
    case STRAGGLES:
        out->straggles = x != 0.0;
        break;
    case EXTRA_S:
        out->extra_s = x;
        out->straggles = x > 0.0;
        break;
    case SLOWDOWN:
        out->slowdown = x;
        out->straggles = x > 1.0;
        break;
    case DURATION_S:
        out->duration_s = x;
        break;
    }
}

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct trace *o = values;
    if (o->values == STRAGGLES) {
        return mu_straggle_effect_check(values, file, pointer, err);
    }
    if (o->effect.extra_s.kind == NULL && o->effect.slowdown.kind == NULL) {
        return MU_OK;
    }
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL),
                   "extra_s and slowdown apply to \"values\": \"straggles\" only; this trace holds %s itself",
                   meanings[o->values]);
}

static const struct mu_field fields[] = {
    {"file", MU_STRING, MU_OPTION, offsetof(struct trace, file), "", 0, 0, NULL,
     "text file with one row per client and one column per round, repeated when it ends", NULL, false},
    {"values", MU_ENUM, MU_OPTION, offsetof(struct trace, values), "", 0, 0, "\"straggles\"",
     "what the numbers are: straggles (0 or 1), an added extra_s, a slowdown, or the whole duration_s of the job",
     meanings, false},
    EFFECT_FIELDS,
    {0},
};

const struct mu_straggler mu_straggler_trace = {
    .kind = {"trace", "replays a table of client by round", "", {fields, sizeof(struct trace), check}},
    .effect = true,
    .prepare = prepare,
    .job = job,
};
