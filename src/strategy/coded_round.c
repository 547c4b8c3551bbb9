#include "coded_round.h"

#include <math.h>
#include <string.h>

#include "fill.h"
#include "muster/base/mem.h"

const struct mu_word mu_coded_full[] = {{"full", 0}, {0}};

enum end { AWAY, PENDING, ARRIVED }; /* AWAY: offline, the job is still to be dispatched */

uint32_t mu_coded_models(const struct mu_coded *coded, uint32_t delay) {
    return coded->models == MU_UNSET ? delay + 1 : (uint32_t)coded->models;
}

int mu_coded_check(const struct mu_coded *coded, uint32_t delay, const struct mu_strategy_context *context,
                   struct mu_err *err) {
    char place[512];
    if (coded->models != MU_UNSET && coded->models < (int64_t)delay + 1) {
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "models"),
                "%lld models, but a job is decoded %u rounds late: at least %u models must take turns",
                (long long)coded->models, delay, delay + 1);
        return mu_fail_help(err, "set models to %u or more, or choose a scheme with a smaller delay", delay + 1);
    }
    if (context->rows > 0 && coded->batch > (int64_t)context->rows) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "batch"),
                       "a batch of %lld rows, but there are only %llu", (long long)coded->batch,
                       (unsigned long long)context->rows);
    }
    return MU_OK;
}

void mu_coded_part(struct mu_coded_task *task, int64_t job) {
    task->work.slot[task->work.parts++] = (uint32_t)(((uint64_t)job + task->base) % task->models);
}

/* Rows that follow each other with one coefficient are one chunk. */
static void add_rows(struct mu_coded_task *task, double coefficient, uint64_t first, uint64_t rows) {
    const uint32_t part = task->work.parts - 1;
    struct mu_chunk *last = task->work.chunks > 0 ? &task->chunk[task->work.chunks - 1] : NULL;
    if (rows == 0 || task->failed) {
        return;
    }
    if (last != NULL && last->part == part && last->coefficient == coefficient && last->first + last->rows == first) {
        last->rows += rows;
        return;
    }
    void *chunks = task->chunk;
    if (mu_grow(&chunks, &task->room, task->work.chunks + 1, sizeof *task->chunk, NULL) != MU_OK) {
        task->failed = true;
        return;
    }
    task->chunk = chunks;
    task->chunk[task->work.chunks++] = (struct mu_chunk){part, coefficient, first, rows};
}

void mu_coded_add(struct mu_coded_task *task, int64_t job, double coefficient, uint64_t from, uint64_t to,
                  uint64_t whole) {
    const uint64_t low = (uint64_t)((unsigned __int128)from * task->batch / whole);
    const uint64_t high = (uint64_t)((unsigned __int128)to * task->batch / whole);
    const uint64_t start = (uint64_t)((unsigned __int128)((uint64_t)job + task->base) * task->batch % task->total);
    const uint64_t first = (start + low) % task->total;
    const uint64_t until_end = task->total - first;
    const uint64_t rows = high - low;
    add_rows(task, coefficient, first, rows < until_end ? rows : until_end);
    add_rows(task, coefficient, 0, rows < until_end ? 0 : rows - until_end);
}

void mu_coded_add_row(struct mu_coded_task *task, int64_t job, const struct mu_coding *coding, uint32_t worker,
                      uint64_t from, uint64_t whole) {
    const uint32_t *chunk;
    const double *coefficient;
    const uint32_t n = mu_coding_support(coding, worker, &chunk, &coefficient);
    for (uint32_t k = 0; k < n; k++) {
        mu_coded_add(task, job, coefficient[k], from + chunk[k], from + chunk[k] + 1, whole);
    }
}

static int64_t *slot_of(const struct mu_coded *coded, struct mu_sim *sim, int64_t round, uint32_t worker) {
    return &coded->jobs.v[(size_t)(round % coded->depth) * mu_sim_clients(sim) + worker];
}

mu_job mu_coded_job(const struct mu_coded *coded, struct mu_sim *sim, int64_t round, uint32_t worker) {
    return (mu_job)*slot_of(coded, sim, round, worker);
}

static uint64_t batch_rows(const struct mu_coded *coded, const struct mu_sim *sim) {
    return coded->batch == 0 ? mu_sim_rows(sim) : (uint64_t)coded->batch;
}

/* Gives a worker its job. What is drawn for it depends on the round, and on how often it has been lost. *over: the run
 * has met its stop condition. */
static int dispatch(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state,
                    uint32_t worker, struct mu_coded_task *task, bool *over) {
    const uint32_t attempt = (uint32_t)coded->attempt.v[worker];
    task->work.parts = 0;
    task->work.chunks = 0;
    task->work.round = ((uint32_t)(coded->base + coded->round) & 0xffffffU) | (attempt & 0xffU) << 24;
    task->work.dedup = coded->dedup;
    task->base = (uint64_t)coded->base;
    task->models = mu_coded_models(coded, policy->delay);
    task->batch = batch_rows(coded, sim);
    task->total = mu_sim_rows(sim);
    MU_TRY(policy->task(state, sim, worker, task));
    if (task->failed) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for the chunks of a job");
    }
    static const struct mu_chunk none; /* a batch of fewer rows than workers leaves some without */
    task->work.chunk = task->chunk != NULL ? task->chunk : &none;
    const struct mu_work work = {.slot = task->work.slot[0], .gradient = &task->work, .control = MU_NO_SLOT};
    mu_job job = 0;
    MU_TRY(mu_sim_dispatch(sim, worker, &work, &job));
    *slot_of(coded, sim, coded->round, worker) = (int64_t)job;
    coded->ends.v[worker] = PENDING;
    *over = job == 0;
    return MU_OK;
}

static int dispatch_one(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state,
                        uint32_t worker) {
    struct mu_coded_task task = {0};
    bool over = false;
    const int code = dispatch(coded, sim, policy, state, worker, &task, &over);
    mu_free(task.chunk);
    return code;
}

static int open_round(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state) {
    const uint32_t n = mu_sim_clients(sim);
    struct mu_coded_task task = {0};
    int code = MU_OK;
    bool over = false;
    coded->open = true;
    coded->due = coded->timed = coded->closing = false;
    coded->begin_ns = (int64_t)mu_sim_now(sim);
    coded->late = 0;
    coded->out = n;
    for (uint32_t i = 0; i < n; i++) {
        *slot_of(coded, sim, coded->round, i) = 0;
        coded->ends.v[i] = AWAY;
        coded->attempt.v[i] = 0;
    }
    for (uint32_t i = 0; i < n && code == MU_OK && !over; i++) {
        if (mu_sim_is_idle(sim, i)) {
            code = dispatch(coded, sim, policy, state, i, &task, &over);
        }
    }
    coded->open = !over;
    mu_free(task.chunk);
    return code;
}

static int fill(struct mu_sim *sim, struct mu_ints *list, size_t n) {
    for (size_t i = list->n; i < n; i++) {
        MU_TRY(mu_note(sim, list, 0));
    }
    return MU_OK;
}

int mu_coded_start(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state) {
    const size_t n = mu_sim_clients(sim);
    coded->depth = (int64_t)policy->delay + 1;
    MU_TRY(fill(sim, &coded->jobs, n * (size_t)coded->depth));
    MU_TRY(fill(sim, &coded->ends, n));
    MU_TRY(fill(sim, &coded->attempt, n));
    return open_round(coded, sim, policy, state);
}

/* A set of workers in memory of the caller's; NULL fails the run. */
static uint64_t *new_set(struct mu_sim *sim) {
    uint64_t *set = mu_alloc(mu_bits_words(mu_sim_clients(sim)), sizeof *set, NULL);
    if (set == NULL) {
        mu_sim_fail(sim, MU_RANK_FAILED, "no memory for a set of workers");
    }
    return set;
}

static void find_late(const struct mu_coded *coded, const struct mu_sim *sim, uint64_t *late) {
    const uint32_t n = mu_sim_clients(sim);
    mu_bits_clear(late, mu_bits_words(n));
    for (uint32_t i = 0; i < n; i++) {
        if (coded->ends.v[i] != ARRIVED) {
            mu_bits_add(late, i);
        }
    }
}

/* Whoever is out has straggled. */
static int cancel_late(struct mu_coded *coded, struct mu_sim *sim) {
    const uint32_t n = mu_sim_clients(sim);
    for (uint32_t i = 0; i < n && coded->out > 0; i++) {
        int64_t *job = slot_of(coded, sim, coded->round, i);
        if (coded->ends.v[i] == PENDING) {
            MU_TRY(mu_sim_cancel(sim, (mu_job)*job));
        }
        *job = coded->ends.v[i] == ARRIVED ? *job : 0;
    }
    return MU_OK;
}

static void note_round(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy) {
    const int64_t now = (int64_t)mu_sim_now(sim);
    coded->wait_outs += coded->due && !coded->closing;
    mu_sim_note(sim, "round", (double)(coded->base + coded->round));
    mu_sim_note(sim, "fastest_s", 1e-9 * (double)(coded->fastest_ns - coded->begin_ns));
    if (!policy->at_once) {
        mu_sim_note(sim, "deadline_s", 1e-9 * (double)(coded->deadline_ns - coded->begin_ns));
        mu_sim_note(sim, "late_at_deadline", (double)coded->late);
        mu_sim_note(sim, "waited", coded->due);
        mu_sim_note(sim, "wait_outs", (double)coded->wait_outs);
    }
    mu_sim_note(sim, "round_s", 1e-9 * (double)(now - coded->begin_ns));
    mu_sim_note(sim, "late", (double)coded->out);
}

static int finish_round(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state,
                        const uint64_t *late) {
    bool more = false;
    MU_TRY(policy->close(state, sim, late, coded->closing, &more));
    if (more) {
        /* The step that comes first may have ended the run, which is seen between events. */
        coded->closing = true;
        return mu_sim_timer(sim, mu_sim_now(sim), 0);
    }
    coded->round++;
    if (policy->over != NULL && coded->round == policy->rounds) {
        return policy->over(state, sim);
    }
    return open_round(coded, sim, policy, state);
}

/* Ends the round if it may end now. */
static int look(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state,
                bool ask) {
    if (!ask && coded->out > 0) {
        return MU_OK;
    }
    uint64_t *late = new_set(sim);
    if (late == NULL) {
        return MU_RANK_FAILED;
    }
    bool yes = coded->out == 0;
    find_late(coded, sim, late);
    int code = yes || policy->accepts == NULL ? MU_OK : policy->accepts(state, sim, late, &yes);
    if (code == MU_OK && yes) {
        coded->open = false;
        note_round(coded, sim, policy);
        code = cancel_late(coded, sim);
        code = code == MU_OK ? finish_round(coded, sim, policy, state, late) : code;
    }
    mu_free(late);
    return code;
}

int mu_coded_arrival(struct mu_coded *coded, struct mu_sim *sim, const struct mu_update *update,
                     const struct mu_coded_policy *policy, void *state) {
    const uint64_t now = mu_sim_now(sim);
    coded->ends.v[update->client] = ARRIVED;
    coded->out--;
    if (!coded->timed) {
        coded->timed = true;
        coded->fastest_ns = (int64_t)now;
        const double took = (double)(now - (uint64_t)coded->begin_ns);
        coded->deadline_ns = (int64_t)now + (int64_t)fmin(round(coded->mu * took), 4e18);
        if (!policy->at_once && coded->out > 0) {
            MU_TRY(mu_sim_timer(sim, (uint64_t)coded->deadline_ns, (uint64_t)coded->round + 1));
        }
    }
    const bool ask = policy->at_once || (coded->due && coded->wait_out == MU_WAIT_OUT_MINIMAL);
    return look(coded, sim, policy, state, ask);
}

int mu_coded_lost(struct mu_coded *coded, struct mu_sim *sim, const struct mu_loss *loss,
                  const struct mu_coded_policy *policy, void *state) {
    if (loss->cause == MU_LOSS_DIVERGED) {
        return mu_sim_fail(sim, MU_DIVERGED, "diverged in round %lld: client %u returned a gradient that is not finite",
                           (long long)coded->round, loss->client);
    }
    if (!coded->open) {
        return MU_OK;
    }
    coded->attempt.v[loss->client]++;
    coded->ends.v[loss->client] = AWAY;
    *slot_of(coded, sim, coded->round, loss->client) = 0;
    return mu_sim_is_idle(sim, loss->client) ? dispatch_one(coded, sim, policy, state, loss->client) : MU_OK;
}

int mu_coded_available(struct mu_coded *coded, struct mu_sim *sim, uint32_t client,
                       const struct mu_coded_policy *policy, void *state) {
    const bool wanted = coded->open && coded->ends.v[client] == AWAY && mu_sim_is_idle(sim, client);
    return wanted ? dispatch_one(coded, sim, policy, state, client) : MU_OK;
}

int mu_coded_timer(struct mu_coded *coded, struct mu_sim *sim, uint64_t id, const struct mu_coded_policy *policy,
                   void *state) {
    if (id == 0) {
        uint64_t *late = new_set(sim);
        if (late == NULL) {
            return MU_RANK_FAILED;
        }
        find_late(coded, sim, late);
        note_round(coded, sim, policy);
        const int code = finish_round(coded, sim, policy, state, late);
        mu_free(late);
        return code;
    }
    if (!coded->open || id != (uint64_t)coded->round + 1) {
        return MU_OK; /* the deadline of a round that ended before it */
    }
    const int64_t round = coded->round;
    coded->late = coded->out;
    MU_TRY(look(coded, sim, policy, state, true));
    coded->due = coded->open && coded->round == round;
    return MU_OK;
}

int mu_coded_step(struct mu_coded *coded, struct mu_sim *sim, uint32_t delay, int64_t job, size_t n,
                  struct mu_term *term) {
    const uint32_t slot = (uint32_t)((uint64_t)(coded->base + job) % mu_coded_models(coded, delay));
    const double rows = (double)batch_rows(coded, sim);
    for (size_t i = 0; i < n; i++) {
        term[i].weight = -term[i].weight / rows;
    }
    if (mu_sim_l2(sim) != 0) {
        term[n++] = (struct mu_term){MU_TERM_VERSION, mu_sim_version(sim, slot), slot, -mu_sim_l2(sim)};
    }
    mu_sim_note(sim, "job", (double)(coded->base + job));
    MU_TRY(mu_sim_combine(sim, slot, 0, n, term));
    return mu_sim_step(sim, slot);
}

int mu_coded_release(struct mu_coded *coded, struct mu_sim *sim, int64_t round, uint32_t worker, bool used) {
    int64_t *job = slot_of(coded, sim, round, worker);
    const mu_job id = (mu_job)*job;
    *job = 0;
    return id != 0 ? mu_sim_release(sim, id, used) : MU_OK;
}
