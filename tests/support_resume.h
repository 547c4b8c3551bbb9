/* Runs in several parts: each ends after some events, leaving a checkpoint, and the next goes on from there.
 * Header-only; needs the layers up to sim. What the observer has been told is the test's "result files": it is handed
 * from part to part as it is, and the engine's restore has it cut back. */
#ifndef MUSTER_TESTS_SUPPORT_RESUME_H
#define MUSTER_TESTS_SUPPORT_RESUME_H

#include "support_engine.h"

#include <dirent.h>

/* How the next part is to be. */
static struct {
    char directory[300];    /* of the checkpoints; "": of the test's own making */
    uint64_t events;        /* it is interrupted after so many; 0: it is not */
    uint64_t every_steps;   /* saved after so many steps; 0: only when it is interrupted */
    uint64_t fails_at_step; /* whose record cannot be written; 0: none */
    char identity[65];
} part;

/* Records at the time of a checkpoint. */
struct part_records {
    size_t steps, evaluations, jobs;
};

static inline bool part_interrupted(void *context) {
    (void)context;
    return part.events > 0 && --part.events == 0;
}

static inline int part_on_step(void *context, const struct mu_step_record *r, struct mu_err *err) {
    MU_TRY(engine_on_step(context, r, err));
    return r->step == part.fails_at_step ? mu_fail(err, MU_IO, "steps", "the disk is full") : MU_OK;
}

static inline int part_save(void *context, const void **state, size_t *n, struct mu_err *err) {
    static struct part_records records;
    const struct engine *const e = context;
    (void)err;
    records = (struct part_records){e->steps, e->evaluations, e->jobs};
    *state = &records;
    *n = sizeof records;
    return MU_OK;
}

static inline int part_restore(void *context, const void *state, size_t n, struct mu_err *err) {
    struct engine *const e = context;
    struct part_records records;
    (void)err;
    assert_int_equal(n, sizeof records);
    memcpy(&records, state, n);
    assert_true(e->steps >= records.steps && e->evaluations >= records.evaluations && e->jobs >= records.jobs);
    e->steps = records.steps;
    e->evaluations = records.evaluations;
    e->jobs = records.jobs;
    return MU_OK;
}

/* The part of a run that follows `before`, whose records it takes over; NULL: the first. Built, not run. */
static inline struct engine *part_new(const struct engine_config *c, struct engine *before,
                                      struct mu_checkpointing *checkpoint) {
    struct engine *const e = engine_new(c);
    *checkpoint = (struct mu_checkpointing){
        .directory = part.directory, .every_steps = part.every_steps, .resume = before != NULL};
    snprintf(checkpoint->identity, sizeof checkpoint->identity, "%s", part.identity);
    e->setup.checkpoint = checkpoint;
    e->observer.step = part_on_step;
    e->observer.interrupted = part_interrupted;
    e->observer.save = part_save;
    e->observer.restore = part_restore;
    if (before != NULL) {
        e->step = before->step;
        e->evaluation = before->evaluation;
        e->job = before->job;
        e->steps = before->steps, e->evaluations = before->evaluations, e->jobs = before->jobs;
        e->step_room = before->step_room, e->evaluation_room = before->evaluation_room, e->job_room = before->job_room;
        before->step = NULL;
        before->evaluation = NULL;
        before->job = NULL;
        engine_free(before);
    }
    return e;
}

/* Runs the next part, in whatever way it ends. `before` is released. */
static inline struct engine *part_run(const struct engine_config *c, struct engine *before) {
    struct mu_checkpointing checkpoint;
    struct engine *const e = part_new(c, before, &checkpoint);
    engine_run(e);
    e->setup.checkpoint = NULL;
    return e;
}

/* The whole run in parts of `events` events. */
static inline struct engine *part_run_all(const struct engine_config *c, uint64_t events) {
    struct engine *e = NULL;
    do {
        part.events = events;
        e = part_run(c, e);
        support_expect_ok(&e->err);
    } while (e->result.end == MU_END_INTERRUPTED);
    return e;
}

/* A directory for checkpoints, in memory if the machine has such a place: tests save thousands of them. */
static inline void part_temp_dir(char dir[256]) {
    if (access("/dev/shm", W_OK | X_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 0);
    }
    support_temp_dir(dir);
    snprintf(part.directory, sizeof part.directory, "%s/checkpoint", dir);
    part.events = part.every_steps = part.fails_at_step = 0;
    snprintf(part.identity, sizeof part.identity, "0123456789abcdef");
}

static inline int part_is_entry(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* The names in the directory of checkpoints, oldest first; returns how many, the first `room` of them in name. */
static inline size_t part_list(size_t room, char name[][64]) {
    struct dirent **entry = NULL;
    const int n = scandir(part.directory, &entry, part_is_entry, alphasort);
    for (int i = 0; i < n; i++) {
        if ((size_t)i < room) {
            snprintf(name[i], 64, "%.63s", entry[i]->d_name);
        }
        free(entry[i]);
    }
    free(entry);
    return n > 0 ? (size_t)n : 0;
}

static inline bool part_same_job(const struct mu_job_record *a, const struct mu_job_record *b) {
    return a->job == b->job && a->client == b->client && a->version == b->version && a->dispatch_ns == b->dispatch_ns &&
           a->arrive_ns == b->arrive_ns && a->status == b->status && a->step == b->step && a->weight == b->weight &&
           a->end_ns == b->end_ns && a->request.client == b->request.client &&
           a->request.ordinal == b->request.ordinal && a->request.samples == b->request.samples &&
           a->request.bytes_down == b->request.bytes_down && a->request.bytes_up == b->request.bytes_up;
}

/* NULL if the two runs came to the same, bit for bit; else what is different. */
static inline const char *part_difference(const struct engine *a, const struct engine *b) {
    const struct mu_sim_result *const x = &a->result, *const y = &b->result;
    const uint32_t clients = mu_data_clients(a->data);
    if (x->end != y->end || x->steps != y->steps || x->updates != y->updates || x->dropped != y->dropped ||
        x->time_ns != y->time_ns || x->bytes_up != y->bytes_up || x->bytes_down != y->bytes_down) {
        return "totals";
    }
    if (memcmp(x->model, y->model, mu_model_dim(a->model) * sizeof *x->model) != 0) {
        return "model";
    }
    if (memcmp(x->participations, y->participations, clients * sizeof *x->participations) != 0 ||
        memcmp(x->used_weight, y->used_weight, clients * sizeof *x->used_weight) != 0) {
        return "participation";
    }
    if (a->steps != b->steps || memcmp(a->step, b->step, a->steps * sizeof *a->step) != 0) {
        return "steps";
    }
    if (a->evaluations != b->evaluations ||
        memcmp(a->evaluation, b->evaluation, a->evaluations * sizeof *a->evaluation) != 0) {
        return "evaluations";
    }
    for (size_t i = 0; i < a->jobs || i < b->jobs; i++) {
        if (a->jobs != b->jobs || !part_same_job(&a->job[i], &b->job[i])) {
            return "jobs";
        }
    }
    return NULL;
}

#endif
