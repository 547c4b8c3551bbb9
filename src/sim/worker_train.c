/* Training on a worker, and the loop of the ranks other than 0. */
#include "worker_impl.h"

#include <assert.h>
#include <math.h>

#include "muster/base/exact.h"
#include "muster/privacy/privacy.h"
#include "muster/train/bvr.h"

size_t mu_report_bytes(const struct mu_report *report) {
    return offsetof(struct mu_report, max_abs) + report->parts * sizeof *report->max_abs;
}

bool mu_worker_has_work(const struct mu_worker *worker) {
    return worker->first != NULL;
}

static double max_abs(const struct mu_worker *w, const void *x) {
    return w->elem == MU_F32 ? mu_max_abs_f32(w->dim, x) : mu_max_abs_f64(w->dim, x);
}

/* Client-level privacy: the update's length is bounded before anybody sees it or its numbers. One that is not finite
 * counts as zero. */
static void clip_update(const struct mu_worker *w, double clip, void *update, struct mu_report *report) {
    struct mu_local_result *r = &report->result;
    const double norm = isfinite(r->max_abs) ? r->norm : INFINITY;
    double factor = mu_clip_factor(norm, clip);
    /* Rounding to floats may lengthen the vector by 2^-24 of its length. */
    factor *= factor < 1 && w->elem == MU_F32 ? 1 - 0x1p-23 : 1;
    report->clipped = !(norm <= clip);
    if (factor == 1) {
        return;
    }
    for (size_t i = 0; i < w->dim; i++) {
        if (w->elem == MU_F32) {
            ((float *)update)[i] = factor > 0 ? (float)(factor * (double)((float *)update)[i]) : 0;
        } else {
            ((double *)update)[i] = factor > 0 ? factor * ((double *)update)[i] : 0;
        }
    }
    r->norm = factor > 0 ? factor * norm : 0;
    r->max_abs = max_abs(w, update);
}

/* Where a job of private training draws its noise and its batches. */
struct noise {
    const struct mu_noise_key *key;
    uint32_t client, slot;
    uint64_t before; /* steps of the client's jobs before this one have other places: its ordinal in the upper half */
};

static struct mu_noise_place place_of(const struct noise *noise, enum mu_noise_purpose purpose, uint64_t step) {
    return (struct mu_noise_place){
        .purpose = purpose, .step = noise->before + step, .client = noise->client, .slot = noise->slot};
}

static void draw_noise(void *context, uint64_t step, double std, size_t first, size_t n, double *x) {
    const struct noise *noise = context;
    const struct mu_noise_place place = place_of(noise, MU_NOISE_LOCAL, step);
    mu_noise_gaussian(noise->key, &place, std, first, n, x);
}

static double draw_uniform(void *context, uint64_t step, uint64_t index) {
    const struct noise *noise = context;
    const struct mu_noise_place place = place_of(noise, MU_NOISE_SAMPLING, step);
    return mu_noise_uniform(noise->key, &place, index);
}

/* DP-SGD with public numbers: the denominator is the batch size of the config, or all rows. Without record-level
 * privacy the clip is 0. */
static struct mu_dp_local private_training(const struct mu_worker *w, const struct mu_train_command *order, size_t rows,
                                           struct noise *noise) {
    const struct mu_privacy *p = w->setup->privacy;
    if (p == NULL || p->config == NULL || p->unit != MU_DP_RECORD || rows == 0) {
        return (struct mu_dp_local){.denominator = 1};
    }
    const double all = (double)rows, size = (double)w->setup->client->batch_size;
    const double batch = size == 0 || size > all ? all : size;
    *noise = (struct noise){&w->noise_key, order->client, order->slot, (uint64_t)order->ordinal << 32};
    return (struct mu_dp_local){.clip = p->clip,
                                .noise_multiplier = p->sigma,
                                .rate = batch / all,
                                .denominator = batch,
                                .context = noise,
                                .noise = draw_noise,
                                .uniform = draw_uniform};
}

/* x_K - x_0 of BVR-L-SGD, computed in float64 and kept in the model's type. */
static int run_bvr(struct mu_worker *w, struct mu_held_job *job, const struct mu_rows *rows, const struct mu_poll *poll,
                   struct mu_report *report) {
    const struct mu_train_command *order = &job->order;
    const struct mu_bvr_work *work = &order->bvr;
    struct noise noise = {&w->noise_key, order->client, order->slot, (uint64_t)order->ordinal << 32};
    const struct mu_privacy *p = w->setup->privacy;
    const bool private = p != NULL && p->config != NULL;
    const double all = (double)rows->n, batch = fmin((double)work->batch, all);
    const struct mu_dp_local dp = {.clip = work->clip > 0 ? work->clip : INFINITY,
                                   .noise_multiplier = private ? work->noise_multiplier : 0,
                                   .rate = batch / all,
                                   .denominator = batch,
                                   .context = &noise,
                                   .noise = draw_noise,
                                   .uniform = private ? draw_uniform : NULL};
    const struct mu_bvr_job bvr = {.rows = rows,
                                   .x = mu_worker_widen(w, job->start, w->at->data),
                                   .v = mu_worker_widen(w, job->control, w->at_before->data),
                                   .lr = work->lr,
                                   .l2 = mu_model_l2(w->setup->model),
                                   .steps = work->steps,
                                   .dp = &dp,
                                   .seed = w->setup->seed,
                                   .client = order->client,
                                   .ordinal = order->ordinal};
    double *const end = w->chunk->data;
    MU_TRY(mu_bvr_run(w->summer, &bvr, end, NULL, &report->result, poll, &report->err));
    for (size_t i = 0; i < w->dim; i++) {
        const double change = end[i] - bvr.x[i];
        if (w->elem == MU_F32) {
            ((float *)job->part[0]->data)[i] = (float)change;
        } else {
            ((double *)job->part[0]->data)[i] = change;
        }
    }
    if (isfinite(report->result.max_abs)) {
        report->result.max_abs = max_abs(w, job->part[0]->data);
    }
    mu_block_drop(&w->pool, job->start);
    mu_block_drop(&w->pool, job->control);
    job->start = job->control = NULL;
    return MU_OK;
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
    if (order->bvr.steps > 0) {
        return run_bvr(w, job, &rows, poll, report);
    }
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
    struct noise noise;
    const struct mu_dp_local dp = private_training(w, order, rows.n, &noise);
    if (dp.clip > 0) {
        local.dp = &dp;
    }
    MU_TRY(mu_trainer_run(w->trainer, &local, job->part[0]->data, &report->result, poll, err));
    if (order->clip > 0) {
        clip_update(w, order->clip, job->part[0]->data, report);
    }
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
