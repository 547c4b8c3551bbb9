#include "muster/base/mem.h"
#include "muster/world/distribution.h"

int mu_law_init(struct mu_law *law, const struct mu_choice *choice, const struct mu_law_scope *scope,
                struct mu_err *err) {
    *law = (struct mu_law){0};
    if (choice->kind == NULL) {
        return MU_OK;
    }
    /* A kind is the first member of its row. */
    law->row = (const struct mu_distribution *)choice->kind;
    law->options = choice->options;
    law->clients = scope->clients;
    const int rc = law->row->prepare == NULL ? MU_OK : law->row->prepare(law, scope, err);
    if (rc != MU_OK) {
        mu_law_clear(law);
    }
    return rc;
}

void mu_law_clear(struct mu_law *law) {
    mu_free(law->table);
    *law = (struct mu_law){0};
}

double mu_law_sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    return law->row->sample(law, rng, client);
}

double mu_law_mean(const struct mu_law *law, uint32_t client) {
    return law->row->mean(law, client);
}

double mu_law_least(const struct mu_law *law) {
    return law->row->least(law);
}

double mu_law_cdf(const struct mu_law *law, uint32_t client, double x) {
    return law->row->cdf(law, client, x);
}

static int fail_range(const struct mu_law_scope *scope, const char *what, const char *range, double got,
                      struct mu_err *err) {
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, scope->file, scope->pointer, NULL),
                   "%s must be %s, but it can be %g", what, range, got);
}

int mu_law_require_positive(const struct mu_law *law, const struct mu_law_scope *scope, const char *what,
                            struct mu_err *err) {
    const double least = mu_law_least(law);
    if (!(least >= 0.0)) {
        return fail_range(scope, what, "positive", least, err);
    }
    /* An infimum of 0 may never be reached; a law that gives each client its own value may reach it for one only. */
    for (uint32_t client = 0; least == 0.0 && client < law->clients; client++) {
        if (mu_law_cdf(law, client, 0.0) > 0.0) {
            return fail_range(scope, what, "positive", 0.0, err);
        }
        if (!law->row->fixed) {
            break;
        }
    }
    return MU_OK;
}

int mu_law_require_not_negative(const struct mu_law *law, const struct mu_law_scope *scope, const char *what,
                                struct mu_err *err) {
    const double least = mu_law_least(law);
    return least >= 0.0 ? MU_OK : fail_range(scope, what, "at least 0", least, err);
}

int mu_law_require_probability(const struct mu_law *law, const struct mu_law_scope *scope, const char *what,
                               struct mu_err *err) {
    const double least = mu_law_least(law);
    if (!(least >= 0.0)) {
        return fail_range(scope, what, "within 0..1", least, err);
    }
    for (uint32_t client = 0; client < law->clients; client++) {
        if (mu_law_cdf(law, client, 1.0) < 1.0) {
            char place[512];
            return mu_fail(err, MU_BAD_CONFIG, mu_place(place, scope->file, scope->pointer, NULL),
                           "%s must be within 0..1, but it can be larger than 1", what);
        }
        if (!law->row->fixed) {
            break;
        }
    }
    return MU_OK;
}
