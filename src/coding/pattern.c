#include "muster/coding/pattern.h"

int mu_pattern_check(const struct mu_pattern *p, uint32_t n, const char *place, struct mu_err *err) {
    if (p->limit > n) {
        return mu_fail(err, MU_BAD_CONFIG, place, "%u stragglers of only %u workers", p->limit, n);
    }
    if (p->model == MU_PATTERN_PER_ROUND) {
        return MU_OK;
    }
    if (p->window < 1) {
        return mu_fail(err, MU_BAD_CONFIG, place, "a window needs at least 1 round");
    }
    if (p->model == MU_PATTERN_BURSTY && (p->burst < 1 || p->burst >= p->window)) {
        return mu_fail(err, MU_BAD_CONFIG, place, "B = %u must be at least 1 and less than W = %u", p->burst,
                       p->window);
    }
    if (p->model == MU_PATTERN_ARBITRARY && p->burst > p->window) {
        return mu_fail(err, MU_BAD_CONFIG, place, "%u straggling rounds in a window of only %u", p->burst, p->window);
    }
    return MU_OK;
}

uint32_t mu_pattern_depth(const struct mu_pattern *p) {
    return p->model == MU_PATTERN_PER_ROUND || p->window < 2 ? 1 : p->window - 1;
}

/* Members of `set` that also straggled in at least `times` of the rounds first..next-1, counted worker by worker. */
static bool straggled_often(const struct mu_rounds *past, int64_t first, const uint64_t *set, uint32_t times) {
    const uint32_t n = (uint32_t)past->n;
    for (uint32_t i = mu_bits_next(set, n, 0); i < n; i = mu_bits_next(set, n, i + 1)) {
        uint32_t before = 0;
        for (int64_t r = first; r < past->next; r++) {
            before += mu_bits_has(mu_rounds_at(past, r), i);
        }
        if (before >= times) {
            return true;
        }
    }
    return false;
}

bool mu_pattern_conforms(const struct mu_pattern *p, const struct mu_rounds *past, const uint64_t *set) {
    const size_t words = mu_bits_words((uint32_t)past->n);
    if (p->model == MU_PATTERN_PER_ROUND) {
        return mu_bits_count(set, words) <= p->limit;
    }
    const int64_t start = past->next - (int64_t)p->window + 1;
    const int64_t first = start > 0 ? start : 0;
    uint32_t distinct = 0;
    for (size_t k = 0; k < words; k++) {
        uint64_t seen = set[k];
        for (int64_t r = first; r < past->next; r++) {
            const uint64_t straggled = mu_rounds_at(past, r)[k];
            seen |= straggled;
            /* Rounds r and next are both in the window, and more than B rounds from first to last. */
            const bool apart = p->model == MU_PATTERN_BURSTY && r <= past->next - (int64_t)p->burst;
            if (apart && (straggled & set[k]) != 0) {
                return false;
            }
        }
        distinct += (uint32_t)__builtin_popcountll(seen);
    }
    return distinct <= p->limit && (p->model != MU_PATTERN_ARBITRARY || !straggled_often(past, first, set, p->burst));
}

bool mu_pattern_conforms_with(const struct mu_pattern *p, const struct mu_rounds *past, uint64_t *set,
                              uint32_t worker) {
    const bool had = mu_bits_has(set, worker);
    mu_bits_add(set, worker);
    const bool conforms = mu_pattern_conforms(p, past, set);
    if (!had) {
        mu_bits_remove(set, worker);
    }
    return conforms;
}
