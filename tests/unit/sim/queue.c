#include "support.h"

#include "muster/base/rng.h"
#include "queue.h"

static void push(struct mu_queue *q, uint64_t time_ns, enum mu_event_kind kind, uint32_t client, uint64_t id) {
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_queue_push(q, (struct mu_event){time_ns, kind, client, id}, &err), MU_OK);
}

/* The order as design.md, section 3, states it, written down once more: (time, kind, client, job). */
static int order(const void *a, const void *b) {
    const struct mu_event *const x = a, *const y = b;
    const uint64_t left[] = {x->time_ns, x->kind, x->client, x->id}, right[] = {y->time_ns, y->kind, y->client, y->id};
    for (size_t i = 0; i < 4; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

/* Few times, kinds, clients and ids, so that ties of every depth are frequent. */
static struct mu_event draw(struct mu_rng *rng) {
    return (struct mu_event){mu_rng_below(rng, 5), (enum mu_event_kind)mu_rng_below(rng, 5),
                             (uint32_t)mu_rng_below(rng, 3), mu_rng_below(rng, 50)};
}

static void events_come_out_sorted(void **state) {
    (void)state;
    enum { N = 2000 };
    static struct mu_event event[N];
    struct mu_rng rng;
    struct mu_queue q = {0};
    for (uint32_t round = 0; round < 20; round++) {
        mu_rng_init(&rng, 1, MU_STREAM_DATA, round, 0);
        const size_t n = round < 10 ? round : N; /* small heaps have their own corner cases */
        for (size_t i = 0; i < n; i++) {
            event[i] = draw(&rng);
            push(&q, event[i].time_ns, event[i].kind, event[i].client, event[i].id);
        }
        qsort(event, n, sizeof *event, order);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(order(mu_queue_first(&q), &event[i]), 0);
            const struct mu_event popped = mu_queue_pop(&q);
            assert_int_equal(order(&popped, &event[i]), 0);
        }
        assert_null(mu_queue_first(&q));
    }
    mu_queue_clear(&q);
}

/* Pushing and popping at random against an array that is searched for its minimum. */
static void interleaved_use_agrees_with_a_sorted_list(void **state) {
    (void)state;
    enum { ROOM = 200 };
    struct mu_event list[ROOM];
    size_t n = 0;
    struct mu_queue q = {0};
    struct mu_rng rng;
    mu_rng_init(&rng, 2, MU_STREAM_DATA, 0, 0);
    for (int i = 0; i < 20000; i++) {
        if (n == 0 || (n < ROOM && mu_rng_below(&rng, 2) == 0)) {
            list[n] = draw(&rng);
            push(&q, list[n].time_ns, list[n].kind, list[n].client, list[n].id);
            n++;
            continue;
        }
        size_t least = 0;
        for (size_t k = 1; k < n; k++) {
            least = order(&list[k], &list[least]) < 0 ? k : least;
        }
        const struct mu_event popped = mu_queue_pop(&q);
        assert_int_equal(order(&popped, &list[least]), 0);
        list[least] = list[--n];
        assert_int_equal(q.n, n);
    }
    mu_queue_clear(&q);
    assert_int_equal(q.n, 0);
    assert_null(q.heap);
}

static void kinds_at_one_time_have_the_order_of_the_design(void **state) {
    (void)state;
    static const enum mu_event_kind kinds[] = {MU_EVENT_ARRIVAL, MU_EVENT_TIMER, MU_EVENT_AVAILABILITY,
                                               MU_EVENT_EVALUATE, MU_EVENT_STOP};
    struct mu_queue q = {0};
    for (size_t i = 5; i-- > 0;) {
        push(&q, 7, kinds[i], 0, i);
    }
    push(&q, 6, MU_EVENT_STOP, 9, 9); /* earlier: before all of them */
    assert_int_equal(mu_queue_pop(&q).time_ns, 6);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(mu_queue_pop(&q).kind, kinds[i]);
    }
    mu_queue_clear(&q);
}

static void the_first_event_stays(void **state) {
    (void)state;
    struct mu_queue q = {0};
    assert_null(mu_queue_first(&q));
    push(&q, UINT64_MAX, MU_EVENT_STOP, UINT32_MAX, UINT64_MAX);
    push(&q, 0, MU_EVENT_ARRIVAL, 0, 1);
    assert_int_equal(mu_queue_first(&q)->id, 1);
    assert_int_equal(mu_queue_first(&q)->id, 1);
    assert_int_equal(q.n, 2);
    (void)mu_queue_pop(&q);
    assert_int_equal(mu_queue_first(&q)->id, UINT64_MAX);
    mu_queue_clear(&q);
}

static void times_saturate(void **state) {
    (void)state;
    assert_int_equal(mu_time_add(3, 4), 7);
    assert_int_equal(mu_time_add(UINT64_MAX - 1, 1), UINT64_MAX);
    assert_int_equal(mu_time_add(UINT64_MAX - 1, 2), UINT64_MAX);
    assert_int_equal(mu_time_add(UINT64_MAX, UINT64_MAX), UINT64_MAX);
    assert_int_equal(mu_time_add(2, UINT64_MAX - 3), UINT64_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_sorted),
        cmocka_unit_test(interleaved_use_agrees_with_a_sorted_list),
        cmocka_unit_test(kinds_at_one_time_have_the_order_of_the_design),
        cmocka_unit_test(the_first_event_stays),
        cmocka_unit_test(times_saturate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
