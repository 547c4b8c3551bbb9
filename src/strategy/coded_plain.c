#include "coded_plain.h"

#include "coded_code.h"
#include "fill.h"
#include "muster/base/mem.h"

int mu_coded_plain_step(struct mu_coded *coded, struct mu_sim *sim, const double *a) {
    const uint32_t workers = mu_sim_clients(sim);
    struct mu_term *term = mu_terms(sim, (size_t)workers + 1);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < workers; i++) {
        const mu_job job = mu_coded_job(coded, sim, coded->round, i);
        if (job != 0 && a[i] != 0) {
            term[n++] = (struct mu_term){MU_TERM_UPDATE, job, 0, a[i]};
        }
    }
    int code = mu_coded_step(coded, sim, 0, coded->round, n, term);
    mu_free(term);
    for (uint32_t i = 0; i < workers && code == MU_OK; i++) {
        code = mu_coded_release(coded, sim, coded->round, i, a[i] != 0);
    }
    return code;
}

/* Sets and weights for n workers in one block. */
struct scratch {
    double *a;
    uint64_t *arrived;
};

static int take_scratch(struct mu_sim *sim, const uint64_t *late, struct scratch *s) {
    const uint32_t n = mu_sim_clients(sim);
    s->a = mu_alloc(n + mu_bits_words(n), sizeof *s->a, NULL);
    if (s->a == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for the weights of a round");
    }
    s->arrived = (uint64_t *)(void *)(s->a + n);
    mu_bits_complement(s->arrived, late, n);
    return MU_OK;
}

int mu_coded_plain_decode(struct mu_coded *coded, struct mu_sim *sim, struct mu_coding *coding, const uint64_t *late) {
    struct scratch s = {0};
    MU_TRY(take_scratch(sim, late, &s));
    double residual = 0, amplification = 0;
    int code = mu_coded_decode(sim, coding, s.arrived, s.a, &residual, &amplification);
    if (code == MU_OK) {
        mu_sim_note(sim, "residual", residual);
        mu_sim_note(sim, "amplification", amplification);
        code = mu_coded_plain_step(coded, sim, s.a);
    }
    mu_free(s.a);
    return code;
}

int mu_coded_plain_accepts(struct mu_sim *sim, struct mu_coding *coding, const uint64_t *late, bool *yes) {
    struct scratch s = {0};
    MU_TRY(take_scratch(sim, late, &s));
    *yes = mu_coding_can_decode(coding, s.arrived);
    mu_free(s.a);
    return MU_OK;
}

void mu_coded_plain_share(const struct mu_coded *coded, struct mu_sim *sim, uint32_t worker,
                          struct mu_coded_task *task) {
    mu_coded_part(task, coded->round);
    mu_coded_add(task, coded->round, 1, worker, (uint64_t)worker + 1, mu_sim_clients(sim));
}

int mu_coded_plain_mean(struct mu_coded *coded, struct mu_sim *sim, const uint64_t *late) {
    const uint32_t n = mu_sim_clients(sim);
    double *a = mu_alloc(n, sizeof *a, NULL);
    if (a == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for the weights of a round");
    }
    const double arrived = n - mu_bits_count(late, mu_bits_words(n));
    for (uint32_t i = 0; i < n; i++) {
        a[i] = mu_bits_has(late, i) ? 0 : n / arrived;
    }
    const int code = mu_coded_plain_step(coded, sim, a);
    mu_free(a);
    return code;
}
