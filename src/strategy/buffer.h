/* A buffer of updates, which fedbuff and its relatives share: jobs are kept in flight, arrivals are gathered, and every
 * buffer_size of them make a step. A strategy embeds a `mu_buffer` as its first member and puts MU_BUFFER_FIELDS among
 * its rows. */
#ifndef MUSTER_STRATEGY_BUFFER_H
#define MUSTER_STRATEGY_BUFFER_H

#include "fill.h"

struct mu_buffer {
    /* options */
    int64_t buffer_size;
    int64_t concurrency;
    int redispatch;        /* enum mu_redispatch */
    int64_t max_staleness; /* or MU_UNSET */
    bool flush_at_end;
    /* state */
    struct mu_ints jobs; /* in the buffer */
};

enum mu_redispatch { MU_IMMEDIATE, MU_AT_UPDATE };
extern const char *const mu_redispatches[];

#define MU_BUFFER_FIELDS(type, member)                                                                                 \
    {"buffer_size",                                                                                                    \
     MU_INT,                                                                                                           \
     MU_OPTION,                                                                                                        \
     offsetof(type, member.buffer_size),                                                                               \
     "updates",                                                                                                        \
     1,                                                                                                                \
     1000000,                                                                                                          \
     "10",                                                                                                             \
     "updates gathered before a step"},                                                                                \
        MU_CONCURRENCY_FIELD(type, member.concurrency),                                                                \
        {"redispatch",                                                                                                 \
         MU_ENUM,                                                                                                      \
         MU_OPTION,                                                                                                    \
         offsetof(type, member.redispatch),                                                                            \
         "",                                                                                                           \
         0,                                                                                                            \
         0,                                                                                                            \
         "\"immediate\"",                                                                                              \
         "when the place of a client that has arrived is filled again: at once, or after the step that uses it",       \
         mu_redispatches},                                                                                             \
        {"max_staleness",                                                                                              \
         MU_INT,                                                                                                       \
         MU_OPTION,                                                                                                    \
         offsetof(type, member.max_staleness),                                                                         \
         "versions",                                                                                                   \
         0,                                                                                                            \
         1e15,                                                                                                         \
         "null",                                                                                                       \
         "updates that are staler on arrival are dropped"},                                                            \
        {"flush_at_end",                                                                                               \
         MU_BOOL,                                                                                                      \
         MU_OPTION,                                                                                                    \
         offsetof(type, member.flush_at_end),                                                                          \
         "",                                                                                                           \
         0,                                                                                                            \
         0,                                                                                                            \
         "false",                                                                                                      \
         "make a last step of a buffer that is not full when the run ends; otherwise its updates count as dropped"},   \
    {                                                                                                                  \
        "jobs", MU_INTS, MU_STATE, offsetof(type, member.jobs), "", 0, 0, "[]", "jobs whose updates are in the buffer" \
    }

struct mu_buffer_policy {
    struct mu_work work; /* what each job is to do */
    /* The buffer is full, or flushed: combine and step. `term` has the n updates in the order of their arrival, with
     * weight 1; there is room for 2 n + 1 terms. The updates are released afterwards, in this order. */
    int (*step)(const struct mu_buffer *buffer, struct mu_sim *sim, size_t n, struct mu_term *term);
};

int mu_buffer_check(const struct mu_buffer *buffer, const struct mu_strategy_context *context, struct mu_err *err);

/* The `concurrency` of a buffered strategy. */
uint64_t mu_buffer_concurrency(const void *options, uint32_t clients);

/* The callbacks of a buffered strategy; start, lost and available are all mu_buffer_fill. */
int mu_buffer_fill(const struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_buffer_policy *policy);
int mu_buffer_arrival(struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_update *update,
                      const struct mu_buffer_policy *policy);
int mu_buffer_finish(struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_buffer_policy *policy);

#endif
