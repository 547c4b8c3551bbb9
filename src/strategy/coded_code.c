#include "coded_code.h"

#include <math.h>

int mu_coded_code(struct mu_coded *coded, struct mu_sim *sim, const struct mu_choice *choice, int64_t s,
                  struct mu_coding **coding) {
    if (coded->coding == NULL) {
        struct mu_err err = {.code = MU_OK};
        const struct mu_code_request request = {choice, mu_sim_clients(sim), s, mu_sim_seed(sim), NULL};
        if (mu_coding_new(&coded->coding, &request, &err) != MU_OK) {
            coded->coding = NULL;
            return mu_sim_fail(sim, err.code, "%s", err.text);
        }
    }
    *coding = coded->coding;
    return MU_OK;
}

void mu_coded_end(struct mu_coded *coded) {
    mu_coding_free(coded->coding);
    coded->coding = NULL;
}

int mu_coded_decode(struct mu_sim *sim, struct mu_coding *coding, const uint64_t *arrived, double *a, double *residual,
                    double *amplification) {
    const struct mu_coding_facts *facts = mu_coding_facts(coding);
    if (mu_sim_dim(sim) == 0 && !facts->plain) {
        for (uint32_t i = 0; i < facts->n; i++) {
            a[i] = mu_bits_has(arrived, i);
        }
        return MU_OK;
    }
    struct mu_decoding d;
    struct mu_err err = {.code = MU_OK};
    if (mu_coding_decode(coding, arrived, a, &d, &err) != MU_OK) {
        return mu_sim_fail(sim, err.code, "%s", err.text);
    }
    if (!d.decoded) {
        return mu_sim_fail(sim, MU_DIVERGED,
                           "the gradient was not decoded: %u of %u arrivals leave a residual of %.3g, error %.3g",
                           mu_bits_count(arrived, mu_bits_words(facts->n)), facts->n, d.residual, d.error);
    }
    *residual = fmax(*residual, d.residual);
    *amplification = fmax(*amplification, d.amplification);
    return MU_OK;
}

int mu_coded_code_check(const struct mu_choice *choice, int64_t s, const struct mu_strategy_context *context,
                        struct mu_err *err) {
    char place[512];
    mu_place(place, context->file, context->pointer, "code");
    const struct mu_code_request request = {choice, context->clients, s, 0, place};
    return mu_code_check(&request, err);
}
