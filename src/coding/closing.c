#include "muster/coding/closing.h"

const char *const mu_wait_outs[] = {"all", "minimal", NULL};

static double time_of(const struct mu_round_times *t, uint32_t worker) {
    const double time = t->time_s[worker] + t->shift_s;
    return time > 0.0 ? time : 0.0;
}

static bool is_busy(const uint64_t *busy, uint32_t worker) {
    return busy == NULL || mu_bits_has(busy, worker);
}

/* Position in the order of the first busy worker from `at` on, or n. */
static uint32_t next_busy(const struct mu_round_times *t, const uint64_t *busy, uint32_t at) {
    while (at < t->n && !is_busy(busy, t->order[at])) {
        at++;
    }
    return at;
}

struct mu_closing mu_round_close(const struct mu_round_times *t, const uint64_t *busy,
                                 const struct mu_closing_rule *rule, mu_accepts *accepts, void *context,
                                 uint64_t *late) {
    struct mu_closing c = {0};
    mu_bits_clear(late, mu_bits_words(t->n));
    uint32_t at = next_busy(t, busy, 0);
    if (at == t->n) {
        return c;
    }
    c.fastest_s = time_of(t, t->order[at]);
    c.deadline_s = (1.0 + rule->mu) * c.fastest_s;
    for (; at < t->n && time_of(t, t->order[at]) <= c.deadline_s; at = next_busy(t, busy, at + 1)) {
        c.end_s = time_of(t, t->order[at]); /* closed before the deadline if nobody is late */
    }
    for (uint32_t k = at; k < t->n; k = next_busy(t, busy, k + 1)) {
        mu_bits_add(late, t->order[k]);
        c.late++;
    }
    c.late_at_deadline = c.late;
    c.end_s = c.late > 0 ? c.deadline_s : c.end_s;
    c.waited = c.late > 0 && !accepts(context, late);
    for (bool wait = c.waited; wait; at = next_busy(t, busy, at + 1)) {
        mu_bits_remove(late, t->order[at]);
        c.end_s = time_of(t, t->order[at]);
        c.late--;
        wait = c.late > 0 && (rule->wait_out == MU_WAIT_OUT_ALL || !accepts(context, late));
    }
    return c;
}
