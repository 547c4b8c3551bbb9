/* The wall clock on the ranks other than 0: train one job, let the others sleep, answer when they are due. */
#include <assert.h>
#include <string.h>

#include "muster/base/mem.h"
#include "wall.h"
#include "worker_impl.h"

static const uint64_t idle_ns = 1000000000; /* longest wait without a look around */

/* A job on this rank, from its receipt to its answer; with a control variate to its release. */
struct nap {
    uint64_t due_ns; /* of the monotonic clock */
    struct mu_report report;
    bool keep; /* the client's own vector may take its change later */
};

struct far {
    struct mu_worker *worker;
    struct mu_comm *comm;
    struct mu_map naps;    /* by job */
    struct mu_queue ready; /* trained jobs, by due time; those that were released meanwhile are skipped */
    bool stopped;
};

static void fail_run(struct far *far, const struct mu_err *err) {
    const struct mu_wall_answer answer = {.kind = MU_WALL_UPDATE, .report = {.err = *err}};
    mu_comm_post(far->comm, 0, 1, &(struct mu_span){&answer, sizeof answer});
}

static int take_model(struct far *far, const struct mu_install_command *message, struct mu_err *err) {
    const struct mu_install_command install = {{MU_COMMAND_INSTALL, sizeof install}, message->slot};
    memcpy(mu_worker_next(far->worker), message + 1, far->worker->pool.bytes);
    return mu_worker_obey(far->worker, &install, sizeof install, err);
}

static int take_job(struct far *far, const struct mu_wall_train *message, struct mu_err *err) {
    struct nap *nap = mu_alloc(1, sizeof *nap, err);
    if (nap == NULL) {
        return err->code;
    }
    nap->due_ns = mu_comm_clock_ns() + message->delay_ns;
    nap->keep = message->order.control != MU_NO_SLOT;
    const int code = mu_map_put(&far->naps, message->order.job, nap, err);
    if (code != MU_OK) {
        mu_free(nap);
        return code;
    }
    return mu_worker_obey(far->worker, &message->order, message->order.head.bytes, err);
}

/* Lets a job go. Nothing happens to one that is gone: its answer and the word that it was cancelled have crossed. */
static int let_go(struct far *far, mu_job job, bool used, struct mu_err *err) {
    struct nap *nap = mu_map_take(&far->naps, job);
    if (nap == NULL) {
        return MU_OK;
    }
    mu_free(nap);
    const struct mu_release_command release = {{MU_COMMAND_RELEASE, sizeof release}, job, used};
    return mu_worker_obey(far->worker, &release, sizeof release, err);
}

static void obey(struct far *far, const void *message) {
    const struct mu_command *head = message;
    struct mu_err err = {0};
    const enum mu_activity before = mu_worker_begin(far->worker, MU_PLAN);
    switch ((enum mu_wall_kind)head->kind) {
    case MU_WALL_MODEL:
        (void)take_model(far, message, &err);
        break;
    case MU_WALL_TRAIN:
        (void)take_job(far, message, &err);
        break;
    case MU_WALL_RELEASE: {
        const struct mu_release_command *release = message;
        (void)let_go(far, release->job, release->used, &err);
        break;
    }
    case MU_WALL_STOP:
        far->stopped = true;
        break;
    case MU_WALL_GO:
        break;
    }
    if (err.code != MU_OK) {
        fail_run(far, &err);
    }
    mu_worker_begin(far->worker, before);
}

static void answer(struct far *far, mu_job id, struct nap *nap) {
    const struct mu_held_job *job = mu_map_get(&far->worker->jobs, id);
    const struct mu_wall_answer head = {MU_WALL_UPDATE, job->parts, nap->report};
    struct mu_span part[1 + MU_MAX_PARTS] = {{&head, sizeof head}};
    for (size_t i = 0; i < job->parts; i++) {
        part[1 + i] = (struct mu_span){job->part[i]->data, mu_worker_pool(far->worker, job)->bytes};
    }
    mu_comm_post(far->comm, 0, 1 + job->parts, part);
    if (!nap->keep) {
        struct mu_err ignored = {0}; /* an unused release cannot fail */
        (void)let_go(far, id, false, &ignored);
    }
}

/* Answers for every job whose time has come. */
static void answer_due(struct far *far) {
    const uint64_t now = mu_comm_clock_ns();
    for (const struct mu_event *first; (first = mu_queue_first(&far->ready)) != NULL && first->time_ns <= now;) {
        const struct mu_event event = mu_queue_pop(&far->ready);
        struct nap *nap = mu_map_get(&far->naps, event.id);
        if (nap != NULL) {
            answer(far, event.id, nap);
        }
    }
}

/* Everything that cannot wait; also called between the mini-batches of a job in training. */
static int look_around(void *context) {
    struct far *far = context;
    const void *message;
    size_t bytes;
    while (!far->stopped && mu_comm_poll(far->comm, NULL, &message, &bytes)) {
        obey(far, message);
    }
    if (far->stopped) {
        return MU_STOPPED;
    }
    answer_due(far);
    return MU_OK;
}

static void train(struct far *far) {
    const struct mu_poll poll = {look_around, far};
    struct mu_report report;
    if (mu_worker_train(far->worker, &poll, &report) != MU_OK) {
        return; /* released, or the run is over */
    }
    struct nap *nap = mu_map_get(&far->naps, report.job);
    if (report.err.code == MU_OK) {
        assert(nap != NULL);
        nap->report = report;
        const struct mu_event ready = {nap->due_ns, MU_EVENT_ARRIVAL, 0, report.job};
        (void)mu_queue_push(&far->ready, ready, &report.err);
    }
    if (report.err.code != MU_OK) {
        fail_run(far, &report.err);
    }
}

static void sleep_until_due(struct far *far) {
    const struct mu_event *first = mu_queue_first(&far->ready);
    const uint64_t until = first != NULL ? first->time_ns : mu_comm_clock_ns() + idle_ns;
    const void *message;
    size_t bytes;
    mu_worker_begin(far->worker, MU_WAIT);
    const bool came = mu_comm_wait_until(far->comm, until, NULL, &message, &bytes);
    mu_worker_begin(far->worker, MU_PLAN);
    if (came) {
        obey(far, message);
    }
}

/* Says that this rank will take part in collectives again, and waits until all have said so. */
static void take_leave(struct far *far) {
    const struct mu_wall_answer bye = {.kind = MU_WALL_BYE};
    mu_comm_post(far->comm, 0, 1, &(struct mu_span){&bye, sizeof bye});
    for (bool go = false; !go;) {
        const void *message;
        size_t bytes;
        go = mu_comm_wait_until(far->comm, mu_comm_clock_ns() + idle_ns, NULL, &message, &bytes) &&
             ((const struct mu_command *)message)->kind == MU_WALL_GO;
    }
}

void mu_wall_serve(struct mu_worker *worker, struct mu_comm *comm) {
    struct far far = {.worker = worker, .comm = comm};
    while (look_around(&far) == MU_OK) {
        if (mu_worker_has_work(worker)) {
            train(&far);
        } else {
            sleep_until_due(&far);
        }
    }
    take_leave(&far);
    for (size_t i = 0; i < far.naps.capacity; i++) {
        mu_free(far.naps.entry[i].key != 0 ? far.naps.entry[i].value : NULL);
    }
    mu_map_clear(&far.naps);
    mu_queue_clear(&far.ready);
}

int mu_worker_adopt(struct mu_worker *w, const struct mu_train_command *order, size_t parts, const unsigned char *data,
                    struct mu_err *err) {
    struct mu_held_job *job = w->recycled;
    if (job != NULL) {
        w->recycled = job->next;
    } else if ((job = mu_alloc(1, sizeof *job, err)) == NULL) {
        return err->code;
    }
    *job = (struct mu_held_job){.order = *order};
    int code = mu_map_put(&w->jobs, order->job, job, err);
    if (code != MU_OK) {
        mu_free(job);
    }
    struct mu_block_pool *pool = mu_worker_pool(w, job);
    for (size_t i = 0; code == MU_OK && i < parts; i++) {
        code = mu_block_take(pool, &job->part[i], err);
        if (code == MU_OK) {
            job->parts = i + 1;
            memcpy(job->part[i]->data, data + i * pool->bytes, pool->bytes);
        }
    }
    return code;
}
