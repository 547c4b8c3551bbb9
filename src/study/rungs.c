#include "muster/study/rungs.h"

#include <math.h>

/* Whether it has a place in the order of the points. */
static bool is_ranked(const struct mu_standing *x) {
    return !x->absent && (x->diverged || !isnan(x->score));
}

static bool is_better(const struct mu_standing *x, const struct mu_standing *y) {
    return !x->diverged && (y->diverged || x->score > y->score);
}

/* How many points come before point i. */
static size_t rank_of(size_t n, const struct mu_standing *at, size_t i) {
    size_t before = 0;
    for (size_t j = 0; j < n; j++) {
        before += j != i && is_ranked(&at[j]) && (is_better(&at[j], &at[i]) || (j < i && !is_better(&at[i], &at[j])));
    }
    return before;
}

static bool dominates(const struct mu_standing *x, const struct mu_standing *y) {
    if (!is_ranked(x) || !is_ranked(y) || x->diverged || y->diverged) {
        return false;
    }
    const bool nowhere_worse =
        x->score >= y->score && x->time_s <= y->time_s && x->bytes <= y->bytes && x->epsilon <= y->epsilon;
    return nowhere_worse &&
           (x->score > y->score || x->time_s < y->time_s || x->bytes < y->bytes || x->epsilon < y->epsilon);
}

void mu_rung_judge(size_t n, const struct mu_standing *at, double eta, bool dominated, struct mu_verdict *verdict) {
    size_t ranked = 0;
    for (size_t i = 0; i < n; i++) {
        ranked += is_ranked(&at[i]);
    }
    const double kept = isnan(eta) ? INFINITY : fmax(floor((double)ranked / eta), 1);
    for (size_t i = 0; i < n; i++) {
        verdict[i] = (struct mu_verdict){.fate = MU_FATE_ON};
        if (is_ranked(&at[i]) && (double)rank_of(n, at, i) >= kept) {
            verdict[i].fate = MU_FATE_HALVED;
        }
        for (size_t j = 0; j < n && dominated && verdict[i].fate == MU_FATE_ON; j++) {
            if (dominates(&at[j], &at[i])) {
                verdict[i] = (struct mu_verdict){MU_FATE_DOMINATED, j};
            }
        }
    }
}
