/* Straggler models: which patterns of stragglers, round after round, a scheme is built to survive. S_r is the set of
 * workers whose message the coordinator did not have when it closed round r. Whether round r may be closed with set X
 * is asked before it is; what conforms still conforms with fewer stragglers, so releasing them one by one always ends.
 *
 *   per round    |S_r| <= limit.
 *   bursty       (B, W, lambda), B < W: in every window of W rounds at most lambda = limit workers straggle, and from a
 *                worker's first to its last straggling in it there are at most B = burst rounds.
 *   arbitrary    (N, W', lambda'): in every window of W' rounds at most lambda' = limit workers straggle, each in at
 * most N = burst of its rounds. specs/gradient_coding.md, section 2.1. */
#ifndef MUSTER_CODING_PATTERN_H
#define MUSTER_CODING_PATTERN_H

#include "muster/coding/rounds.h"

enum mu_pattern_model { MU_PATTERN_PER_ROUND, MU_PATTERN_BURSTY, MU_PATTERN_ARBITRARY };

struct mu_pattern {
    enum mu_pattern_model model;
    uint32_t limit;  /* workers, 0..n */
    uint32_t burst;  /* rounds; bursty: 1..window - 1, arbitrary: 0..window; per round: ignored */
    uint32_t window; /* rounds, at least 1; per round: ignored */
};

/* Whether the parameters make sense for n workers; MU_BAD_CONFIG at `place` if not. */
int mu_pattern_check(const struct mu_pattern *pattern, uint32_t n, const char *place, struct mu_err *err);

/* Rounds that a mu_rounds must keep, at least. */
uint32_t mu_pattern_depth(const struct mu_pattern *pattern);

/* Whether the rounds so far, which conform, conform with `set` as the next one. O(window n / 64). */
bool mu_pattern_conforms(const struct mu_pattern *pattern, const struct mu_rounds *past, const uint64_t *set);

/* Whether `set` still conforms with `worker` added; the set is as it was afterwards. */
bool mu_pattern_conforms_with(const struct mu_pattern *pattern, const struct mu_rounds *past, uint64_t *set,
                              uint32_t worker);

#endif
