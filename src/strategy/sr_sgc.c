/* Selective-repeat sequential gradient coding (Krishnan, Ebrahimi and Khisti 2023). A round's job is coded as in gc,
 * but for fewer stragglers; one that could not be decoded is repeated, by just enough workers, B rounds later. Several
 * models take turns, so nobody waits for that. The scheme itself is coding/sr_sgc.h. */
#include "muster/coding/sr_sgc.h"
#include "coded_code.h"
#include "coded_round.h"
#include "fill.h"
#include "muster/base/mem.h"

struct sr_sgc {
    struct mu_coded coded;
    struct mu_choice code;
    int64_t B, W, lambda;
    struct mu_sr_sgc_state rounds;
};

static const struct mu_field fields[] = {
    {"B", MU_INT, MU_OPTION, offsetof(struct sr_sgc, B), "rounds", 1, 1e6, NULL,
     "a worker straggles in at most B rounds from its first to its last in a window"},
    {"W", MU_INT, MU_OPTION, offsetof(struct sr_sgc, W), "rounds", 2, 1e6, NULL, "length of the window, more than B"},
    {"lambda", MU_INT, MU_OPTION, offsetof(struct sr_sgc, lambda), "workers", 0, 1e6, NULL,
     "workers that straggle in a window, at most"},
    MU_CODE_FIELD(struct sr_sgc, code),
    MU_CODED_RULE_FIELDS(struct sr_sgc, coded),
    MU_CODED_FIELDS(struct sr_sgc, coded),
    MU_SR_SGC_FIELDS(struct sr_sgc, rounds),
    {0},
};

static struct mu_sr_sgc scheme_of(const struct sr_sgc *s, uint32_t n) {
    return (struct mu_sr_sgc){n, (uint32_t)s->B, (uint32_t)s->W, (uint32_t)s->lambda, INT64_MAX};
}

static uint32_t models(const void *options) {
    const struct sr_sgc *const s = options;
    return mu_coded_models(&s->coded, (uint32_t)s->B);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct sr_sgc *const s = state;
    const struct mu_sr_sgc p = scheme_of(s, context->clients);
    char place[512];
    mu_place(place, context->file, context->pointer, NULL);
    MU_TRY(mu_sr_sgc_check(&p, place, err));
    MU_TRY(mu_coded_code_check(&s->code, mu_sr_sgc_s(&p), context, err));
    return mu_coded_check(&s->coded, mu_sr_sgc_delay(&p), context, err);
}

static int code_of(struct sr_sgc *s, struct mu_sim *sim, struct mu_coding **coding) {
    const struct mu_sr_sgc p = scheme_of(s, mu_sim_clients(sim));
    return mu_coded_code(&s->coded, sim, &s->code, mu_sr_sgc_s(&p), coding);
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    struct sr_sgc *const s = state;
    struct mu_coding *coding;
    MU_TRY(code_of(s, sim, &coding));
    const bool again = mu_bits_has(mu_sr_sgc_again(&s->rounds), worker);
    const int64_t job = s->coded.round - (again ? s->B : 0);
    mu_coded_part(task, job);
    mu_coded_add_row(task, job, coding, worker, 0, mu_sim_clients(sim));
    return MU_OK;
}

static int accepts(void *state, struct mu_sim *sim, const uint64_t *late, bool *yes) {
    const struct sr_sgc *const s = state;
    const struct mu_sr_sgc p = scheme_of(s, mu_sim_clients(sim));
    *yes = mu_sr_sgc_accepts(&p, &s->rounds, late);
    return MU_OK;
}

/* The round in which a worker returned job t, as of round r, the last one that is over. */
static int64_t round_of(const struct sr_sgc *s, int64_t job, int64_t r, uint32_t worker) {
    return r > job && mu_bits_has(mu_rounds_at(&s->rounds.again, r), worker) ? r : job;
}

/* Steps with job t, decoded after round r, and releases all of it. */
static int decode(struct sr_sgc *s, struct mu_sim *sim, int64_t job, int64_t r) {
    const uint32_t n = mu_sim_clients(sim);
    const uint64_t *const got = mu_rounds_at(&s->rounds.got, job);
    struct mu_coding *coding;
    MU_TRY(code_of(s, sim, &coding));
    double *a = mu_alloc(n, sizeof *a, NULL);
    struct mu_term *term = a != NULL ? mu_terms(sim, (size_t)n + 1) : NULL;
    double residual = 0, amplification = 0;
    int code = term != NULL ? MU_OK : mu_sim_fail(sim, MU_RANK_FAILED, "no memory for the weights of a round");
    if (code == MU_OK && (code = mu_coded_decode(sim, coding, got, a, &residual, &amplification)) == MU_OK) {
        size_t used = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (a[i] != 0) {
                const mu_job id = mu_coded_job(&s->coded, sim, round_of(s, job, r, i), i);
                term[used++] = (struct mu_term){MU_TERM_UPDATE, id, 0, a[i]};
            }
        }
        mu_sim_note(sim, "residual", residual);
        mu_sim_note(sim, "amplification", amplification);
        code = mu_coded_step(&s->coded, sim, (uint32_t)s->B, job, used, term);
    }
    for (uint32_t i = 0; i < n && code == MU_OK; i++) {
        if (mu_bits_has(got, i)) {
            code = mu_coded_release(&s->coded, sim, round_of(s, job, r, i), i, a[i] != 0);
        }
    }
    mu_free(term);
    mu_free(a);
    return code;
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct sr_sgc *const s = state;
    const struct mu_sr_sgc p = scheme_of(s, mu_sim_clients(sim));
    const int64_t r = s->coded.round;
    if (again) {
        return decode(s, sim, r, r);
    }
    const struct mu_sr_sgc_end end = mu_sr_sgc_close(&p, &s->rounds, late);
    if (end.failed) {
        return mu_sim_fail(sim, MU_DIVERGED, "job %lld cannot be decoded: a round was closed with too many stragglers",
                           (long long)(r - s->B));
    }
    if (end.previous) {
        MU_TRY(decode(s, sim, r - s->B, r));
        *more = end.own;
        return MU_OK;
    }
    return end.own ? decode(s, sim, r, r) : MU_OK;
}

static struct mu_coded_policy policy_of(const struct sr_sgc *s) {
    return (struct mu_coded_policy){.delay = (uint32_t)s->B, .task = task, .accepts = accepts, .close = close};
}

static int start(void *state, struct mu_sim *sim) {
    struct sr_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    const struct mu_sr_sgc p = scheme_of(s, mu_sim_clients(sim));
    struct mu_err err = {.code = MU_OK};
    if (mu_sr_sgc_start(&p, &s->rounds, &err) != MU_OK) {
        return mu_sim_fail(sim, err.code, "%s", err.text);
    }
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct sr_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct sr_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct sr_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct sr_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_available(&s->coded, sim, client, &policy, s);
}

static void end(void *state) {
    struct sr_sgc *const s = state;
    mu_coded_end(&s->coded);
}

const struct mu_strategy mu_strategy_sr_sgc = {
    .kind = {"sr_sgc",
             "gradient coding that repeats a failed job B rounds later",
             "Krishnan, Ebrahimi and Khisti 2023",
             {fields, sizeof(struct sr_sgc), NULL}},
    .gradients = true,
    .models = models,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
    .end = end,
};
