#include "queue.h"

#include <assert.h>

#include "muster/base/mem.h"

static bool comes_before(const struct mu_event *a, const struct mu_event *b) {
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind;
    }
    return a->client != b->client ? a->client < b->client : a->id < b->id;
}

void mu_queue_clear(struct mu_queue *queue) {
    mu_free(queue->heap);
    *queue = (struct mu_queue){0};
}

/* Puts an event into the heap at a hole, moving the hole up to where it belongs. */
static void sift_up(struct mu_queue *queue, size_t hole, struct mu_event event) {
    while (hole > 0) {
        const size_t parent = (hole - 1) / 2;
        if (!comes_before(&event, &queue->heap[parent])) {
            break;
        }
        queue->heap[hole] = queue->heap[parent];
        hole = parent;
    }
    queue->heap[hole] = event;
}

int mu_queue_push(struct mu_queue *queue, struct mu_event event, struct mu_err *err) {
    void *heap = queue->heap;
    MU_TRY(mu_grow(&heap, &queue->capacity, queue->n + 1, sizeof event, err));
    queue->heap = heap;
    sift_up(queue, queue->n++, event);
    return MU_OK;
}

const struct mu_event *mu_queue_first(const struct mu_queue *queue) {
    return queue->n > 0 ? queue->heap : NULL;
}

struct mu_event mu_queue_pop(struct mu_queue *queue) {
    assert(queue->n > 0);
    const struct mu_event first = queue->heap[0];
    const struct mu_event last = queue->heap[--queue->n];
    size_t hole = 0;
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= queue->n) {
            break;
        }
        if (child + 1 < queue->n && comes_before(&queue->heap[child + 1], &queue->heap[child])) {
            child++;
        }
        if (!comes_before(&queue->heap[child], &last)) {
            break;
        }
        queue->heap[hole] = queue->heap[child];
        hole = child;
    }
    if (queue->n > 0) {
        queue->heap[hole] = last;
    }
    return first;
}

bool mu_queue_take_timer(struct mu_queue *queue, uint64_t id) {
    size_t at = 0;
    while (at < queue->n && (queue->heap[at].kind != MU_EVENT_TIMER || queue->heap[at].id != id)) {
        at++;
    }
    if (at == queue->n) {
        return false;
    }
    /* Lifted to the root, before everything else, it is popped like any other. */
    struct mu_event timer = queue->heap[at];
    timer.time_ns = 0;
    timer.kind = MU_EVENT_ARRIVAL;
    timer.client = 0;
    timer.id = 0;
    sift_up(queue, at, timer);
    (void)mu_queue_pop(queue);
    return true;
}

uint64_t mu_time_add(uint64_t a, uint64_t b) {
    return a <= UINT64_MAX - b ? a + b : UINT64_MAX;
}
