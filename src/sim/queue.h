/* Events in time, totally ordered by (time, kind, client, job): equal times cannot make a result depend on chance. */
#ifndef MUSTER_SIM_QUEUE_H
#define MUSTER_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

/* In the order in which they happen at one time. */
enum mu_event_kind { MU_EVENT_ARRIVAL, MU_EVENT_TIMER, MU_EVENT_AVAILABILITY, MU_EVENT_EVALUATE, MU_EVENT_STOP };

struct mu_event {
    uint64_t time_ns;
    enum mu_event_kind kind;
    uint32_t client; /* 0 where there is none */
    uint64_t id;     /* job, or the timer's id */
};

/* A binary heap; zero-initialised it is empty. */
struct mu_queue {
    struct mu_event *heap;
    size_t n, capacity;
};

void mu_queue_clear(struct mu_queue *queue);
int mu_queue_push(struct mu_queue *queue, struct mu_event event, struct mu_err *err);

/* The earliest event, NULL if there is none; it stays in the queue and is valid until the next change. */
const struct mu_event *mu_queue_first(const struct mu_queue *queue);

/* Removes the earliest event of a queue that is not empty. */
struct mu_event mu_queue_pop(struct mu_queue *queue);

/* Removes the first timer found with this id, in O(n); false if there is none. */
bool mu_queue_take_timer(struct mu_queue *queue, uint64_t id);

/* a + b, or the largest time if that overflows. */
uint64_t mu_time_add(uint64_t a, uint64_t b);

#endif
