/* What verification has read of a result directory. */
#ifndef MUSTER_RUN_VERIFY_H
#define MUSTER_RUN_VERIFY_H

#include "muster/run/run.h"

struct cJSON;

/* A job, from its record in trace.jsonl. */
struct mu_seen_job {
    bool seen;
    bool lost; /* by the world, as computed anew */
    enum mu_job_status status;
    uint32_t client;
    uint64_t line, version, step; /* step: 0 if none used it */
    double dispatch_s, arrive_s, end_s, weight;
    struct mu_job_request request;
    uint64_t parts;     /* vectors of gradient work; 0: other work */
    uint64_t last_step; /* in steps.jsonl that lists it; 0: none */
    uint64_t uses;      /* steps that do */
    double last_weight;
    bool happened; /* an event of the trace says that it arrived or was lost */
};

/* A step, from steps.jsonl; [0] is the start. */
struct mu_seen_step {
    double time_s;
    uint64_t updates; /* up to and with this step */
    uint64_t uses;    /* updates of this step, and parts of updates that other steps used too */
    double staleness; /* sum over these */
    uint64_t staleness_max;
    double samples; /* of updates up to and with this step; NAN if their requests do not say */
};

/* The event of a job, from trace.jsonl. */
struct mu_seen_event {
    uint64_t line, job, version;
    double time_s, dispatch_s;
    bool loss;
};

struct mu_verification {
    const char *directory;
    const struct mu_stage *stage;
    struct mu_err *err;
    const char *file; /* being read, and the line of it; 0: no line in particular */
    uint64_t line;

    struct mu_seen_job *job; /* by id - 1 */
    size_t jobs, job_capacity;
    struct mu_seen_event *event;
    size_t events, event_capacity;
    double last_event_s, last_end_s;
    struct mu_seen_step *step;
    size_t steps, step_capacity; /* without the start */
    uint32_t slots;
    uint64_t *slot_steps; /* per slot: its version */
    uint64_t *uses;       /* per client: updates used in steps */
    double *used_weight;  /* per client */

    uint64_t evaluations;
    double time_s;        /* this and the totals below: of the last record of metrics.jsonl */
    uint64_t without_use; /* jobs of the trace */
    uint64_t metrics_step, updates, samples, dropped, bytes_up, bytes_down;
};

/* An invariant does not hold, at the place under way. Returns MU_IO. */
int mu_broken(struct mu_verification *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Members of a record; it is broken without them. mu_take_real reads null as NAN. */
int mu_take_count(struct mu_verification *v, const struct cJSON *record, const char *key, uint64_t *value);
int mu_take_real(struct mu_verification *v, const struct cJSON *record, const char *key, double *value);
/* An array with n members, or with any number if *n is SIZE_MAX. */
int mu_take_array(struct mu_verification *v, const struct cJSON *record, const char *key, size_t *n,
                  const struct cJSON **array);

/* Calls `take` with each line's record. */
int mu_each_record(struct mu_verification *v, const char *file,
                   int (*take)(struct mu_verification *v, const struct cJSON *record));

/* The parts, in this order. */
int mu_verify_trace(struct mu_verification *v);
int mu_verify_steps(struct mu_verification *v);
int mu_verify_metrics(struct mu_verification *v);
int mu_verify_summary(struct mu_verification *v);

#endif
