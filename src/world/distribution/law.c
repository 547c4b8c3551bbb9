#include "muster/base/mem.h"
#include "muster/world/distribution.h"

int mu_law_init(struct mu_law *law, const struct mu_choice *choice, uint32_t clients, const char *file,
                const char *pointer, struct mu_err *err) {
    *law = (struct mu_law){0};
    if (choice->kind == NULL) {
        return MU_OK;
    }
    /* A kind is the first member of its row. */
    law->row = (const struct mu_distribution *)choice->kind;
    law->options = choice->options;
    law->clients = clients;
    const int rc = law->row->prepare == NULL ? MU_OK : law->row->prepare(law, file, pointer, err);
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
