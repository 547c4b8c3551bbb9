/* When the coordinator closes a round: (1 + mu) times after its fastest worker, if those that are late then may
 * straggle; otherwise it waits them out, either all of them (the authors' simulator) or, in the order of their arrival,
 * just enough that the rest may (never slower). specs/gradient_coding.md, section 2.5. */
#ifndef MUSTER_CODING_CLOSING_H
#define MUSTER_CODING_CLOSING_H

#include "muster/coding/bits.h"

enum mu_wait_out { MU_WAIT_OUT_ALL, MU_WAIT_OUT_MINIMAL };
extern const char *const mu_wait_outs[]; /* "all", "minimal", NULL */

struct mu_closing_rule {
    double mu;
    enum mu_wait_out wait_out;
};

/* Workers' times in a round: of worker i, time_s[i] + shift_s, or 0 if that is negative. */
struct mu_round_times {
    uint32_t n;
    const double *time_s;
    const uint32_t *order; /* the workers by time, equal ones by number */
    double shift_s;
};

/* The scheme's answer, as mu_sr_sgc_accepts; the empty set must be accepted. */
typedef bool mu_accepts(void *context, const uint64_t *late);

struct mu_closing {
    double fastest_s, deadline_s, end_s; /* since the round began */
    uint32_t late_at_deadline;
    uint32_t late; /* when it was closed */
    bool waited;   /* beyond the deadline */
};

/* Closes a round of the workers in `busy` (NULL: all); late becomes those whose results are lost. With nobody busy the
 * round takes no time. */
struct mu_closing mu_round_close(const struct mu_round_times *times, const uint64_t *busy,
                                 const struct mu_closing_rule *rule, mu_accepts *accepts, void *context,
                                 uint64_t *late);

#endif
