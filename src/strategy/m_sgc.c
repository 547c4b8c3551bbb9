/* Multiplexed sequential gradient coding (Krishnan, Ebrahimi and Khisti 2023). A message has a vector for each of the
 * last W - 1 + B jobs: first attempts of private chunks, repetitions of lost ones, and coded chunks that nobody need
 * repeat. Load is less than a quarter of gc's for the same stragglers, traffic W - 1 + B times as much. The scheme
 * itself is coding/m_sgc.h. */
#include <math.h>

#include "coded_code.h"
#include "coded_round.h"
#include "fill.h"
#include "muster/base/mem.h"
#include "muster/coding/m_sgc.h"

struct m_sgc {
    struct mu_coded coded;
    struct mu_choice code;
    int64_t B, W, lambda;
    struct mu_rounds rounds; /* stragglers */
    struct mu_ints used;     /* as coded.jobs: whether a part of the message has been in a step */
    struct mu_ints slots;    /* as coded.jobs: bit m is set if the message has a part for slot m */
};

static const struct mu_field fields[] = {
    {"B", MU_INT, MU_OPTION, offsetof(struct m_sgc, B), "rounds", 1, 1e6, NULL,
     "a worker straggles in at most B rounds from its first to its last in a window"},
    {"W", MU_INT, MU_OPTION, offsetof(struct m_sgc, W), "rounds", 2, 1e6, NULL, "length of the window, more than B"},
    {"lambda", MU_INT, MU_OPTION, offsetof(struct m_sgc, lambda), "workers", 0, 1e6, NULL,
     "workers that straggle in a window, at most"},
    MU_CODE_FIELD(struct m_sgc, code),
    MU_CODED_RULE_FIELDS(struct m_sgc, coded),
    MU_CODED_FIELDS(struct m_sgc, coded),
    MU_ROUNDS_FIELDS(struct m_sgc, rounds, "stragglers"),
    {"slots", MU_INTS, MU_STATE, offsetof(struct m_sgc, slots), "", 0, 0, "[]",
     "that each message of the last rounds has"},
    {"used", MU_INTS, MU_STATE, offsetof(struct m_sgc, used), "", 0, 0, "[]", "messages that have been in a step"},
    {0},
};

static struct mu_m_sgc scheme_of(const struct m_sgc *s, uint32_t n) {
    return (struct mu_m_sgc){n, (uint32_t)s->B, (uint32_t)s->W, (uint32_t)s->lambda, INT64_MAX};
}

static uint32_t delay_of(const struct m_sgc *s) {
    return (uint32_t)(s->W - 2 + s->B);
}

static uint32_t models(const void *options) {
    const struct m_sgc *const s = options;
    return mu_coded_models(&s->coded, delay_of(s));
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct m_sgc *const s = state;
    const struct mu_m_sgc p = scheme_of(s, context->clients);
    char place[512];
    mu_place(place, context->file, context->pointer, NULL);
    MU_TRY(mu_m_sgc_check(&p, place, err));
    if (p.lambda < p.n) {
        MU_TRY(mu_coded_code_check(&s->code, p.lambda, context, err));
    }
    return mu_coded_check(&s->coded, delay_of(s), context, err);
}

/* Chunks in units of a D2 chunk: D1 chunks are lambda + 1 of them, and come first. Without D2 all are 1. */
struct units {
    uint64_t d1, d2_first, whole;
};

static struct units units_of(const struct mu_m_sgc *p) {
    const uint64_t d1 = p->lambda < p->n ? (uint64_t)p->lambda + 1 : 1;
    const uint64_t first = (uint64_t)p->n * (p->W - 1) * d1;
    return (struct units){d1, first, first + (p->lambda < p->n ? (uint64_t)p->n * p->B : 0)};
}

static int64_t *at(const struct m_sgc *s, const struct mu_ints *list, const struct mu_sim *sim, int64_t round,
                   uint32_t worker) {
    return &list->v[(size_t)(round % s->coded.depth) * mu_sim_clients(sim) + worker];
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    struct m_sgc *const s = state;
    const struct mu_m_sgc p = scheme_of(s, mu_sim_clients(sim));
    const struct units u = units_of(&p);
    struct mu_m_sgc_task slot[MU_M_SGC_SLOTS];
    struct mu_coding *coding = NULL;
    if (p.lambda < p.n) {
        MU_TRY(mu_coded_code(&s->coded, sim, &s->code, p.lambda, &coding));
    }
    mu_m_sgc_tasks(&p, &s->rounds, s->coded.round, worker, slot);
    uint64_t has = 0;
    for (uint32_t m = 0; m < mu_m_sgc_slots(&p); m++) {
        if (slot[m].work == MU_M_SGC_IDLE) {
            continue;
        }
        has |= UINT64_C(1) << m;
        mu_coded_part(task, slot[m].job);
        if (slot[m].work == MU_M_SGC_D1) {
            const uint64_t from = mu_m_sgc_d1_chunk(&p, worker, slot[m].index) * u.d1;
            mu_coded_add(task, slot[m].job, 1, from, from + u.d1, u.whole);
        } else {
            mu_coded_add_row(task, slot[m].job, coding, worker, u.d2_first + (uint64_t)slot[m].index * p.n, u.whole);
        }
    }
    *at(s, &s->slots, sim, s->coded.round, worker) = (int64_t)has;
    *at(s, &s->used, sim, s->coded.round, worker) = 0;
    return MU_OK;
}

static int accepts(void *state, struct mu_sim *sim, const uint64_t *late, bool *yes) {
    const struct m_sgc *const s = state;
    const struct mu_m_sgc p = scheme_of(s, mu_sim_clients(sim));
    *yes = mu_m_sgc_accepts(&p, &s->rounds, late);
    return MU_OK;
}

/* A worker's vector in a slot of a round's message, to be used. */
static struct mu_term term_of(const struct m_sgc *s, struct mu_sim *sim, int64_t round, uint32_t worker, uint32_t slot,
                              double weight) {
    const uint64_t before = (uint64_t)*at(s, &s->slots, sim, round, worker) & ((UINT64_C(1) << slot) - 1);
    const mu_job id = mu_coded_job(&s->coded, sim, round, worker);
    *at(s, &s->used, sim, round, worker) = 1;
    return (struct mu_term){MU_TERM_UPDATE, id, (uint32_t)__builtin_popcountll(before), weight};
}

static size_t add_private(const struct m_sgc *s, struct mu_sim *sim, const struct mu_m_sgc *p, int64_t job,
                          struct mu_term *term) {
    size_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        for (uint32_t k = 0; k + 1 < p->W; k++) {
            int64_t round = 0;
            uint32_t slot = 0;
            if (mu_m_sgc_d1_arrival(p, &s->rounds, job, i, k, &round, &slot)) {
                term[n++] = term_of(s, sim, round, i, slot, 1);
            }
        }
    }
    return n;
}

static int add_coded(struct m_sgc *s, struct mu_sim *sim, const struct mu_m_sgc *p, int64_t job, struct mu_term *term,
                     size_t *n) {
    double residual = 0, amplification = 0;
    int code = MU_OK;
    if (p->lambda == p->n) {
        return MU_OK;
    }
    struct mu_coding *coding;
    MU_TRY(mu_coded_code(&s->coded, sim, &s->code, p->lambda, &coding));
    double *a = mu_alloc(p->n + mu_bits_words(p->n), sizeof *a, NULL);
    if (a == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for the weights of a round");
    }
    uint64_t *const arrived = (uint64_t *)(void *)(a + p->n);
    for (uint32_t j = 0; j < p->B && code == MU_OK; j++) {
        mu_bits_clear(arrived, mu_bits_words(p->n));
        (void)mu_m_sgc_d2_arrivals(p, &s->rounds, job, j, arrived);
        code = mu_coded_decode(sim, coding, arrived, a, &residual, &amplification);
        for (uint32_t i = 0; i < p->n && code == MU_OK; i++) {
            if (a[i] != 0) {
                term[(*n)++] = term_of(s, sim, job + p->W - 1 + j, i, p->W - 1 + j, a[i]);
            }
        }
    }
    mu_free(a);
    mu_sim_note(sim, "residual", residual);
    mu_sim_note(sim, "amplification", amplification);
    return code;
}

/* Steps with job t after round t + T. */
static int decode(struct m_sgc *s, struct mu_sim *sim, const struct mu_m_sgc *p, int64_t job) {
    if (!mu_m_sgc_decodes(p, &s->rounds, job)) {
        return mu_sim_fail(sim, MU_DIVERGED, "job %lld cannot be decoded: a round was closed with too many stragglers",
                           (long long)job);
    }
    struct mu_term *term = mu_terms(sim, (size_t)p->n * (p->W - 1 + p->B) + 1);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    size_t n = add_private(s, sim, p, job, term);
    int code = add_coded(s, sim, p, job, term, &n);
    code = code == MU_OK ? mu_coded_step(&s->coded, sim, delay_of(s), job, n, term) : code;
    mu_free(term);
    return code;
}

static int release(struct m_sgc *s, struct mu_sim *sim, int64_t round) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        MU_TRY(mu_coded_release(&s->coded, sim, round, i, *at(s, &s->used, sim, round, i) != 0));
    }
    return MU_OK;
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct m_sgc *const s = state;
    const struct mu_m_sgc p = scheme_of(s, mu_sim_clients(sim));
    const int64_t job = s->coded.round - (int64_t)delay_of(s);
    (void)again, (void)more;
    mu_rounds_push(&s->rounds, late);
    if (job < 0) {
        return MU_OK;
    }
    MU_TRY(decode(s, sim, &p, job));
    /* The messages of round `job` have served all their jobs, of which `job` was the last. */
    return release(s, sim, job);
}

static struct mu_coded_policy policy_of(const struct m_sgc *s) {
    return (struct mu_coded_policy){.delay = delay_of(s), .task = task, .accepts = accepts, .close = close};
}

static int start(void *state, struct mu_sim *sim) {
    struct m_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    const struct mu_m_sgc p = scheme_of(s, mu_sim_clients(sim));
    struct mu_err err = {.code = MU_OK};
    if (mu_m_sgc_start(&p, &s->rounds, &err) != MU_OK) {
        return mu_sim_fail(sim, err.code, "%s", err.text);
    }
    for (size_t i = 0; i < (size_t)p.n * mu_m_sgc_slots(&p); i++) {
        MU_TRY(mu_note(sim, &s->slots, 0));
        MU_TRY(mu_note(sim, &s->used, 0));
    }
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct m_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct m_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct m_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct m_sgc *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return mu_coded_available(&s->coded, sim, client, &policy, s);
}

/* The last messages have served some of their jobs. */
static int finish(void *state, struct mu_sim *sim) {
    struct m_sgc *const s = state;
    const int64_t kept = s->coded.round - (int64_t)delay_of(s);
    for (int64_t r = kept > 0 ? kept : 0; r < s->coded.round; r++) {
        MU_TRY(release(s, sim, r));
    }
    return MU_OK;
}

static void end(void *state) {
    struct m_sgc *const s = state;
    mu_coded_end(&s->coded);
}

const struct mu_strategy mu_strategy_m_sgc = {
    .kind = {"m_sgc",
             "gradient coding spread over rounds: least load, more traffic",
             "Krishnan, Ebrahimi and Khisti 2023",
             {fields, sizeof(struct m_sgc), NULL}},
    .gradients = true,
    .models = models,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
    .finish = finish,
    .end = end,
};
