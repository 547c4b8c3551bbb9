#include "muster/coding/sr_sgc.h"

/* x of W = x B + 1. */
static uint32_t periods(const struct mu_sr_sgc *p) {
    return (p->W - 1) / p->B;
}

static struct mu_pattern pattern_of(const struct mu_sr_sgc *p) {
    return (struct mu_pattern){MU_PATTERN_BURSTY, p->lambda, p->B, p->W};
}

int mu_sr_sgc_check(const struct mu_sr_sgc *p, const char *place, struct mu_err *err) {
    const struct mu_pattern pattern = pattern_of(p);
    MU_TRY(mu_pattern_check(&pattern, p->n, place, err));
    if ((p->W - 1) % p->B != 0) {
        mu_fail(err, MU_BAD_CONFIG, place, "sr_sgc needs B to divide W - 1: %u does not divide %u", p->B, p->W - 1);
        return mu_fail_help(err, "the next W that does is %u", ((p->W - 1) / p->B + 1) * p->B + 1);
    }
    if (mu_sr_sgc_s(p) >= p->n) {
        return mu_fail(err, MU_BAD_CONFIG, place, "s = %u stragglers of %u workers a round", mu_sr_sgc_s(p), p->n);
    }
    return MU_OK;
}

uint32_t mu_sr_sgc_s(const struct mu_sr_sgc *p) {
    const uint32_t parts = periods(p) + 1;
    return (p->lambda + parts - 1) / parts;
}

uint32_t mu_sr_sgc_delay(const struct mu_sr_sgc *p) {
    return p->B;
}

double mu_sr_sgc_load(const struct mu_sr_sgc *p) {
    return (mu_sr_sgc_s(p) + 1.0) / p->n;
}

int mu_sr_sgc_start(const struct mu_sr_sgc *p, struct mu_sr_sgc_state *state, struct mu_err *err) {
    const struct mu_pattern pattern = pattern_of(p);
    MU_TRY(mu_rounds_start(&state->stragglers, p->n, mu_pattern_depth(&pattern), err));
    MU_TRY(mu_rounds_start(&state->got, p->n, p->B + 1, err));
    MU_TRY(mu_rounds_start(&state->again, p->n, 2, err));
    mu_rounds_push_empty(&state->again);
    return MU_OK;
}

void mu_sr_sgc_clear(struct mu_sr_sgc_state *state) {
    mu_rounds_clear(&state->stragglers);
    mu_rounds_clear(&state->got);
    mu_rounds_clear(&state->again);
}

const uint64_t *mu_sr_sgc_again(const struct mu_sr_sgc_state *state) {
    return mu_rounds_at(&state->again, state->got.next);
}

/* Nobody works on an old job, and job r survives these stragglers. */
static bool is_harmless(const struct mu_sr_sgc *p, const struct mu_sr_sgc_state *state, const uint64_t *late) {
    const size_t words = mu_bits_words(p->n);
    return state->got.next < p->jobs && mu_bits_count(mu_sr_sgc_again(state), words) == 0 &&
           mu_bits_count(late, words) <= mu_sr_sgc_s(p);
}

bool mu_sr_sgc_accepts(const struct mu_sr_sgc *p, const struct mu_sr_sgc_state *state, const uint64_t *late) {
    const struct mu_pattern pattern = pattern_of(p);
    return is_harmless(p, state, late) || mu_pattern_conforms(&pattern, &state->stragglers, late);
}

/* The first workers without the job's result, as many as are wanted for n - s. */
static void plan_next(const struct mu_sr_sgc *p, struct mu_sr_sgc_state *state) {
    mu_rounds_push_empty(&state->again);
    const int64_t job = state->got.next - (int64_t)p->B;
    if (job < 0 || job >= p->jobs) {
        return;
    }
    uint64_t *const again = mu_rounds_at(&state->again, state->got.next);
    const uint64_t *const got = mu_rounds_at(&state->got, job);
    const uint32_t wanted = p->n - mu_sr_sgc_s(p);
    uint32_t have = mu_bits_count(got, mu_bits_words(p->n));
    for (uint32_t i = 0; have < wanted; i++) {
        if (!mu_bits_has(got, i)) {
            mu_bits_add(again, i);
            have++;
        }
    }
}

struct mu_sr_sgc_end mu_sr_sgc_close(const struct mu_sr_sgc *p, struct mu_sr_sgc_state *state, const uint64_t *late) {
    const size_t words = mu_bits_words(p->n);
    const uint32_t wanted = p->n - mu_sr_sgc_s(p);
    const int64_t round = state->got.next;
    const int64_t job = round - (int64_t)p->B;
    struct mu_sr_sgc_end end = {0};
    if (is_harmless(p, state, late)) {
        mu_rounds_push_empty(&state->stragglers);
    } else {
        mu_rounds_push(&state->stragglers, late);
    }
    const uint64_t *const again = mu_sr_sgc_again(state);
    mu_rounds_push_empty(&state->got);
    uint64_t *const got = mu_rounds_at(&state->got, round);
    if (round < p->jobs) {
        mu_bits_complement(got, late, p->n);
        for (size_t k = 0; k < words; k++) {
            got[k] &= ~again[k];
        }
        end.own = mu_bits_count(got, words) >= wanted;
    }
    if (job >= 0 && job < p->jobs && mu_bits_count(again, words) > 0) {
        uint64_t *const old = mu_rounds_at(&state->got, job);
        for (size_t k = 0; k < words; k++) {
            old[k] |= again[k] & ~late[k];
        }
        end.previous = mu_bits_count(old, words) >= wanted;
        end.failed = !end.previous;
    }
    plan_next(p, state);
    return end;
}
