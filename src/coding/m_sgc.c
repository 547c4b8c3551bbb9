#include "muster/coding/m_sgc.h"

#include <assert.h>

static struct mu_pattern pattern_of(const struct mu_m_sgc *p) {
    return (struct mu_pattern){MU_PATTERN_BURSTY, p->lambda, p->B, p->W};
}

int mu_m_sgc_check(const struct mu_m_sgc *p, const char *place, struct mu_err *err) {
    const struct mu_pattern pattern = pattern_of(p);
    MU_TRY(mu_pattern_check(&pattern, p->n, place, err));
    if (mu_m_sgc_slots(p) > MU_M_SGC_SLOTS) {
        return mu_fail(err, MU_BAD_CONFIG, place, "W - 1 + B = %u vectors in a message, at most %d", mu_m_sgc_slots(p),
                       MU_M_SGC_SLOTS);
    }
    return MU_OK;
}

uint32_t mu_m_sgc_slots(const struct mu_m_sgc *p) {
    return p->W - 1 + p->B;
}

uint32_t mu_m_sgc_delay(const struct mu_m_sgc *p) {
    return p->W - 2 + p->B;
}

/* There is a code for up to n - 1 stragglers; lambda = n leaves all to the private chunks. */
static bool has_d2(const struct mu_m_sgc *p) {
    return p->lambda < p->n;
}

double mu_m_sgc_d2_size(const struct mu_m_sgc *p) {
    return has_d2(p) ? 1.0 / (p->n * ((p->W - 1.0) * (p->lambda + 1.0) + p->B)) : 0.0;
}

double mu_m_sgc_d1_size(const struct mu_m_sgc *p) {
    return has_d2(p) ? (p->lambda + 1.0) * mu_m_sgc_d2_size(p) : 1.0 / (p->n * (p->W - 1.0));
}

double mu_m_sgc_load(const struct mu_m_sgc *p) {
    return mu_m_sgc_slots(p) * mu_m_sgc_d1_size(p); /* a D2 combination of lambda + 1 chunks costs the same */
}

uint64_t mu_m_sgc_chunks(const struct mu_m_sgc *p) {
    return (uint64_t)p->n * (p->W - 1 + (has_d2(p) ? p->B : 0));
}

uint64_t mu_m_sgc_d1_chunk(const struct mu_m_sgc *p, uint32_t worker, uint32_t index) {
    return (uint64_t)worker * (p->W - 1) + index;
}

uint64_t mu_m_sgc_d2_chunk(const struct mu_m_sgc *p, uint32_t group, uint32_t chunk) {
    return (uint64_t)p->n * (p->W - 1 + group) + chunk;
}

int mu_m_sgc_start(const struct mu_m_sgc *p, struct mu_rounds *rounds, struct mu_err *err) {
    return mu_rounds_start(rounds, p->n, mu_m_sgc_slots(p), err);
}

bool mu_m_sgc_accepts(const struct mu_m_sgc *p, const struct mu_rounds *rounds, const uint64_t *late) {
    const struct mu_pattern pattern = pattern_of(p);
    return mu_pattern_conforms(&pattern, rounds, late);
}

/* A job's way through its slots, for one worker. */
struct walk {
    struct mu_m_sgc_task task; /* of `slot` */
    uint32_t slot;
    uint64_t missing; /* D1 chunks that were attempted and lost before the slot */
    bool arrived;     /* the task's result, if the slot's round is over */
};

/* Sets the task of w->slot from what is missing. */
static void set_task(const struct mu_m_sgc *p, struct walk *w) {
    w->task.again = false;
    if (w->slot + 1 < p->W) {
        w->task.work = MU_M_SGC_D1;
        w->task.index = w->slot;
    } else if (w->missing != 0) {
        w->task.work = MU_M_SGC_D1;
        w->task.index = (uint32_t)__builtin_ctzll(w->missing);
        w->task.again = true;
    } else {
        w->task.work = has_d2(p) ? MU_M_SGC_D2 : MU_M_SGC_IDLE;
        w->task.index = w->slot - (p->W - 1);
    }
}

static struct walk begin_walk(const struct mu_m_sgc *p, int64_t job) {
    struct walk w = {.task = {.job = job}};
    set_task(p, &w);
    return w;
}

/* Notes what became of the slot's task in its round; false if that round is not over. */
static bool look(const struct mu_rounds *rounds, struct walk *w, uint32_t worker) {
    const int64_t round = w->task.job + w->slot;
    if (round >= rounds->next) {
        return false;
    }
    w->arrived = !mu_bits_has(mu_rounds_at(rounds, round), worker);
    return true;
}

/* On to the next slot, after look. */
static void step(const struct mu_m_sgc *p, struct walk *w) {
    if (w->task.work == MU_M_SGC_D1) {
        const uint64_t bit = UINT64_C(1) << w->task.index;
        w->missing = w->arrived ? w->missing & ~bit : w->missing | bit;
    }
    w->slot++;
    set_task(p, w);
}

void mu_m_sgc_tasks(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t round, uint32_t worker,
                    struct mu_m_sgc_task *task) {
    for (uint32_t m = 0; m < mu_m_sgc_slots(p); m++) {
        const int64_t job = round - (int64_t)m;
        task[m] = (struct mu_m_sgc_task){.work = MU_M_SGC_IDLE, .job = job};
        if (job < 0 || job >= p->jobs) {
            continue;
        }
        struct walk w = begin_walk(p, job);
        while (w.slot < m) {
            const bool over = look(rounds, &w, worker);
            assert(over);
            (void)over;
            step(p, &w);
        }
        task[m] = w.task;
    }
}

bool mu_m_sgc_d1_arrival(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job, uint32_t worker,
                         uint32_t index, int64_t *round, uint32_t *slot) {
    for (struct walk w = begin_walk(p, job); w.slot < mu_m_sgc_slots(p) && look(rounds, &w, worker); step(p, &w)) {
        if (w.task.work == MU_M_SGC_D1 && w.task.index == index && w.arrived) {
            *round = job + w.slot;
            *slot = w.slot;
            return true;
        }
    }
    return false;
}

uint32_t mu_m_sgc_d2_arrivals(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job, uint32_t group,
                              uint64_t *arrived) {
    uint32_t count = 0;
    mu_bits_clear(arrived, mu_bits_words(p->n));
    for (uint32_t i = 0; i < p->n; i++) {
        struct walk w = begin_walk(p, job);
        bool over = look(rounds, &w, i);
        for (; over && w.slot < p->W - 1 + group; over = look(rounds, &w, i)) {
            step(p, &w);
        }
        if (over && w.task.work == MU_M_SGC_D2 && w.arrived) {
            mu_bits_add(arrived, i);
            count++;
        }
    }
    return count;
}

bool mu_m_sgc_decodes(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job) {
    uint32_t got[MU_M_SGC_SLOTS] = {0}; /* combinations of each group */
    for (uint32_t i = 0; i < p->n; i++) {
        struct walk w = begin_walk(p, job);
        for (; w.slot < mu_m_sgc_slots(p); step(p, &w)) {
            if (!look(rounds, &w, i)) {
                return false;
            }
            if (w.task.work == MU_M_SGC_D2 && w.arrived) {
                got[w.task.index]++;
            }
        }
        if (w.missing != 0) {
            return false;
        }
    }
    for (uint32_t j = 0; has_d2(p) && j < p->B; j++) {
        if (got[j] < p->n - p->lambda) {
            return false;
        }
    }
    return true;
}
