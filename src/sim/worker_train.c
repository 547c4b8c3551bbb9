/* Training on a worker, and the loop of the ranks other than 0. */
#include "worker_impl.h"

#include <assert.h>
#include <math.h>

#include "muster/base/exact.h"

size_t mu_report_bytes(const struct mu_report *report) {
    return offsetof(struct mu_report, max_abs) + report->parts * sizeof *report->max_abs;
}

bool mu_worker_has_work(const struct mu_worker *worker) {
    return worker->first != NULL;
}

static double max_abs(const struct mu_worker *w, const void *x) {
    return w->elem == MU_F32 ? mu_max_abs_f32(w->dim, x) : mu_max_abs_f64(w->dim, x);
}

static int run_job(struct mu_worker *w, struct mu_held_job *job, const struct mu_poll *poll, struct mu_report *report) {
    const struct mu_train_command *order = &job->order;
    struct mu_err *err = &report->err;
    if (job->gradient != NULL) {
        return mu_worker_gradient(w, job, poll, report);
    }
    struct mu_rows rows;
    MU_TRY(mu_block_take(&w->pool, &job->part[0], err));
    job->parts = 1;
    MU_TRY(mu_data_client(w->setup->data, order->client, &w->space, &rows, err));
    struct mu_local_job local = {
        .rows = &rows,
        .start = job->start->data,
        .seed = w->setup->seed,
        .client = order->client,
        .ordinal = order->ordinal,
        .lr = order->lr,
    };
    if (job->control != NULL) {
        MU_TRY(mu_block_take(&w->pool, &job->part[1], err));
        job->parts = 2;
        const struct mu_block *own = mu_map_get(&w->vectors, (uint64_t)order->client + 1);
        mu_control_drift(w->elem, w->dim, job->control->data, own != NULL ? own->data : NULL, w->drift->data);
        local.drift = w->drift->data;
    }
    MU_TRY(mu_trainer_run(w->trainer, &local, job->part[0]->data, &report->result, poll, err));
    if (job->control != NULL) {
        mu_control_change(w->elem, w->dim, job->control->data, job->part[0]->data, report->result.steps, order->lr,
                          job->part[1]->data);
        report->control_max_abs = max_abs(w, job->part[1]->data);
    }
    mu_block_drop(&w->pool, job->start);
    mu_block_drop(&w->pool, job->control);
    job->start = job->control = NULL;
    return MU_OK;
}

/* The caller's poll, and a look at whether it brought word that the job in training is not wanted any more. */
struct watch {
    const struct mu_worker *worker;
    const struct mu_poll *poll;
};

static int watch_poll(void *context) {
    const struct watch *watch = context;
    const int code = watch->poll->call(watch->poll->context);
    return code == MU_OK && watch->worker->abandoned ? MU_ABANDONED : code;
}

int mu_worker_train(struct mu_worker *w, const struct mu_poll *poll, struct mu_report *report) {
    struct mu_held_job *job = w->first;
    assert(job != NULL);
    w->first = job->next;
    if (w->first == NULL) {
        w->last = &w->first;
    }
    *report = (struct mu_report){.job = job->order.job};
    const enum mu_activity before = mu_worker_begin(w, MU_TRAIN);
    struct watch watch = {w, poll};
    w->running = job;
    int code = run_job(w, job, &(struct mu_poll){watch_poll, &watch}, report);
    w->running = NULL;
    if (w->abandoned) {
        w->abandoned = false;
        mu_worker_drop_job(w, job);
        code = code == MU_OK ? MU_ABANDONED : code;
    }
    mu_worker_begin(w, before);
    /* A code without a recorded failure is the poll's. */
    return code != MU_OK && report->err.code == MU_OK ? code : MU_OK;
}

/* Obeys every message that is there; a failure goes to rank 0, which then stops everyone. */
static int obey_waiting(void *context) {
    struct mu_worker *w = context;
    const void *message;
    size_t bytes;
    while (!w->stopped && mu_comm_poll(w->comm, NULL, &message, &bytes)) {
        const enum mu_activity before = mu_worker_begin(w, MU_PLAN);
        struct mu_report failure = {0};
        if (mu_worker_obey(w, message, bytes, &failure.err) != MU_OK) {
            mu_comm_send(w->comm, 0, &failure, sizeof failure);
        }
        mu_worker_begin(w, before);
    }
    return w->stopped ? MU_STOPPED : MU_OK;
}

static void obey_next(struct mu_worker *w) {
    const void *message;
    size_t bytes;
    mu_worker_begin(w, MU_WAIT);
    mu_comm_wait(w->comm, NULL, &message, &bytes);
    mu_worker_begin(w, MU_PLAN);
    struct mu_report failure = {0};
    if (mu_worker_obey(w, message, bytes, &failure.err) != MU_OK) {
        mu_comm_send(w->comm, 0, &failure, sizeof failure);
    }
}

void mu_worker_serve(struct mu_worker *w) {
    const struct mu_poll poll = {obey_waiting, w};
    while (obey_waiting(w) == MU_OK) {
        if (!mu_worker_has_work(w)) {
            obey_next(w);
            continue;
        }
        struct mu_report report;
        if (mu_worker_train(w, &poll, &report) == MU_OK) {
            mu_comm_send(w->comm, 0, &report, mu_report_bytes(&report));
        }
    }
}
