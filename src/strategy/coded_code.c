#include "coded_code.h"

#include <math.h>
#include <string.h>

#include "muster/base/mem.h"

/* A strategy's state is plain data, which nobody is told the end of; so what is derived from it stays here. One entry
 * suffices: a thread has one run at a time. */
static _Thread_local struct {
    const struct mu_kind *kind;
    void *options; /* a copy */
    uint32_t n;
    int64_t s;
    uint64_t seed;
    struct mu_coding *coding;
} last;

static bool is_last(const struct mu_choice *choice, uint32_t n, int64_t s, uint64_t seed) {
    return last.coding != NULL && last.kind == choice->kind && last.n == n && last.s == s && last.seed == seed &&
           (choice->kind == NULL || memcmp(last.options, choice->options, choice->kind->group.size) == 0);
}

static void forget(void) {
    mu_coding_free(last.coding);
    mu_free(last.options);
    memset(&last, 0, sizeof last);
}

int mu_coded_code(struct mu_sim *sim, const struct mu_choice *choice, int64_t s, struct mu_coding **coding) {
    const uint32_t n = mu_sim_clients(sim);
    const uint64_t seed = mu_sim_seed(sim);
    if (!is_last(choice, n, s, seed)) {
        forget();
        struct mu_err err = {.code = MU_OK};
        const struct mu_code_request request = {choice, n, s, seed, NULL};
        const size_t bytes = choice->kind != NULL ? choice->kind->group.size : 0;
        if (bytes > 0 && (last.options = mu_alloc(bytes, 1, &err)) != NULL) {
            memcpy(last.options, choice->options, bytes);
        }
        if (err.code != MU_OK || mu_coding_new(&last.coding, &request, &err) != MU_OK) {
            last.coding = NULL;
            forget();
            return mu_sim_fail(sim, err.code, "%s", err.text);
        }
        last.kind = choice->kind;
        last.n = n;
        last.s = s;
        last.seed = seed;
    }
    *coding = last.coding;
    return MU_OK;
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
