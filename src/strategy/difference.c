#include "difference.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fill.h"
#include "muster/privacy/privacy.h"

const char *const mu_routines[] = {"gd", "bvr_l_sgd", NULL};
const char *const mu_calibrations[] = {"paper", "exact", NULL};

int mu_difference_check(const struct mu_difference *d, const struct mu_strategy_context *context, struct mu_err *err) {
    char place[512];
    if (context->privacy != NULL && context->privacy->noise == MU_NOISE_PER_WORKER &&
        context->privacy->colluding >= context->clients) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, "/privacy", "colluding"),
                       "%lld of %u workers may collude: nobody is left to add noise",
                       (long long)context->privacy->colluding, context->clients);
    }
    if (context->fewest_rows == 0) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, "/data", "partition"),
                       "a client without rows has no gradient");
    }
    if (d->routine == MU_ROUTINE_BVR && context->optimizer != NULL && strcmp(context->optimizer, "sgd") != 0) {
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, "/server/optimizer", "kind"),
                "bvr_l_sgd moves the model to where its worker has walked; \"%s\" would take it elsewhere",
                context->optimizer);
        return mu_fail_help(err, "use sgd, with lr 1");
    }
    if (d->routine == MU_ROUTINE_BVR && d->calibration == MU_CALIBRATION_PAPER) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "calibration"),
                       "the paper's formula for local steps is not known: with bvr_l_sgd only exact is");
    }
    return MU_OK;
}

int mu_difference_plan(const struct mu_strategy_context *context, struct mu_privacy_plan *plan, struct mu_err *err) {
    if (context->steps == MU_UNSET) {
        char place[512];
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, "/stop", "steps"),
                       "the noise depends on the number of rounds, which is not given");
    }
    plan->sampling = MU_DP_SAMPLING_NONE;
    plan->q = 1;
    plan->steps = context->steps;
    plan->cohort = 1;
    plan->workers = context->clients;
    return MU_OK;
}

/* One release of a full gradient, or of a difference. */
static struct mu_dp_event release(double z, int64_t count) {
    return (struct mu_dp_event){.kind = MU_DP_GAUSSIAN,
                                .unit = MU_DP_RECORD,
                                .adjacency = MU_DP_REPLACE_ONE,
                                .sigma = z,
                                .q = 1,
                                .count = count};
}

int mu_difference_calibrate(const struct mu_difference *d, const struct mu_accountant *accountant, int64_t rounds,
                            double epsilon, double delta, double *z1, double *z2, struct mu_err *err) {
    const double t = (double)d->restart, u = d->budget;
    const double ratio = sqrt(t / (u - 1)); /* z2 / z1, as in the paper */
    if (d->calibration == MU_CALIBRATION_PAPER) {
        const double order = 1 + ceil(2 * log(1 / delta) / epsilon);
        *z1 = sqrt((d->restart > 1 ? u : 1) * order * (double)rounds / (t * epsilon));
        *z2 = sqrt(u / (u - 1) * order * (double)rounds / epsilon);
        return MU_OK;
    }
    const int64_t restarts = (rounds + d->restart - 1) / d->restart;
    const struct mu_dp_event shape[2] = {release(1, restarts), release(ratio, rounds - restarts)};
    struct mu_dp_cost cost;
    MU_TRY(mu_dp_calibrate(accountant, rounds > restarts ? 2 : 1, shape, epsilon, delta, z1, &cost, err));
    *z2 = ratio * *z1;
    return MU_OK;
}

static int64_t local_releases(const struct mu_difference *d, const struct mu_sim *sim, int64_t rounds) {
    const int64_t clients = mu_sim_clients(sim);
    return d->routine == MU_ROUTINE_BVR ? (rounds + clients - 1) / clients * (d->local_steps - 1) : 0;
}

/* Full gradients and differences share one half of the cost as with the GD routine, local steps get the other. */
static int calibrate_local(struct mu_difference *d, const struct mu_privacy *p, int64_t local, struct mu_err *err) {
    const int64_t restarts = (p->steps + d->restart - 1) / d->restart;
    const double square = (double)d->restart / (d->budget - 1);
    const double third = sqrt((double)local / ((double)restarts + (double)(p->steps - restarts) / square));
    struct mu_dp_event shape[3] = {release(1, restarts), release(third, local)};
    shape[2] = release(sqrt(square), p->steps - restarts);
    struct mu_dp_cost cost;
    MU_TRY(mu_dp_calibrate(p->accountant, p->steps > restarts ? 3 : 2, shape, p->config->epsilon, p->config->delta,
                           &d->z_restart, &cost, err));
    d->z_difference = sqrt(square) * d->z_restart;
    d->z_local = third * d->z_restart;
    return MU_OK;
}

static int calibrate(struct mu_difference *d, struct mu_sim *sim) {
    const struct mu_privacy *p = mu_sim_privacy(sim);
    if (p == NULL) {
        return MU_OK;
    }
    if (!isnan(p->config->epsilon)) {
        struct mu_err err = {0};
        const int64_t local = local_releases(d, sim, p->steps);
        const int code = local > 0 ? calibrate_local(d, p, local, &err)
                                   : mu_difference_calibrate(d, p->accountant, p->steps, p->config->epsilon,
                                                             p->config->delta, &d->z_restart, &d->z_difference, &err);
        return code == MU_OK ? MU_OK : mu_sim_fail(sim, code, "%s", err.text);
    }
    d->z_restart = p->config->noise_multiplier;
    d->z_difference = sqrt((double)d->restart / (d->budget - 1)) * d->z_restart;
    d->z_local = d->z_restart;
    return MU_OK;
}

static bool is_restart(const struct mu_difference *d, const struct mu_sim *sim) {
    return mu_sim_version(sim, 0) % (uint64_t)d->restart == 0;
}

/* How long a row's vector may be in this round; 0: as it likes. */
static double round_clip(const struct mu_difference *d, const struct mu_sim *sim) {
    const struct mu_privacy *p = mu_sim_privacy(sim);
    const double c1 = isnan(d->clip) && p != NULL ? p->config->clip : d->clip;
    const double c2 = isnan(d->clip_difference) ? c1 : d->clip_difference;
    if (is_restart(d, sim)) {
        return isnan(c1) ? 0 : c1;
    }
    const double bound = c2 * mu_sim_step_norm(sim, 0);
    return isnan(bound) ? 0 : fmax(bound, DBL_MIN); /* a model that did not move has differences of length 0 */
}

static int dispatch(struct mu_difference *d, struct mu_sim *sim, uint32_t client, bool again) {
    uint64_t first = 0;
    for (uint32_t c = 0; c < client; c++) {
        first += mu_sim_samples(sim, c);
    }
    const struct mu_chunk chunk = {0, 1, first, mu_sim_samples(sim, client)};
    d->attempts += again;
    /* A job that is sent again must not be lost for the same reason: its round is one that never comes. */
    const uint32_t round = again ? UINT32_MAX - (uint32_t)d->attempts : (uint32_t)mu_sim_version(sim, 0);
    const struct mu_gradient_work gradient = {.parts = 1,
                                              .chunks = 1,
                                              .chunk = &chunk,
                                              .round = round,
                                              .difference = !is_restart(d, sim),
                                              .clip = round_clip(d, sim)};
    const struct mu_work work = {.control = MU_NO_SLOT, .gradient = &gradient};
    mu_job job = 0;
    MU_TRY(mu_sim_dispatch(sim, client, &work, &job));
    d->jobs.v[client] = (int64_t)job;
    return MU_OK;
}

/* The worker that walks in this round: in turn, so that each is charged for its own rounds only. */
static uint32_t walker(const struct mu_sim *sim) {
    return (uint32_t)(mu_sim_version(sim, 0) % mu_sim_clients(sim));
}

static int dispatch_walk(struct mu_difference *d, struct mu_sim *sim, uint32_t client) {
    const struct mu_privacy *p = mu_sim_privacy(sim);
    const double c1 = isnan(d->clip) && p != NULL ? p->config->clip : d->clip;
    const double c2 = isnan(d->clip_difference) ? c1 : d->clip_difference;
    const double c3 = isnan(d->clip_local) ? c2 : d->clip_local;
    /* A row that is replaced moves the batch's sum by twice the clip at most; being drawn at random amplifies nothing
     * here. */
    const struct mu_work work = {.control = 1,
                                 .bvr = {.steps = (uint64_t)d->local_steps,
                                         .batch = (uint64_t)d->batch_size,
                                         .lr = d->lr,
                                         .clip = isnan(c3) ? 0 : c3,
                                         .noise_multiplier = 2 * d->z_local}};
    mu_job job = 0;
    MU_TRY(mu_sim_dispatch(sim, client, &work, &job));
    d->jobs.v[client] = (int64_t)job;
    return MU_OK;
}

/* Rows are one worker's each, so that all pay what the first one, who has walked most, pays. */
static int start_walk(struct mu_difference *d, struct mu_sim *sim) {
    const uint32_t client = walker(sim);
    if (mu_sim_privacy(sim) != NULL && client == 0 && d->local_steps > 1) {
        const struct mu_dp_event event = release(d->z_local, d->local_steps - 1);
        MU_TRY(mu_sim_charge(sim, &event));
    }
    d->walking = 1;
    d->pending = 1;
    d->jobs.v[client] = 0;
    return mu_sim_is_idle(sim, client) ? dispatch_walk(d, sim, client) : MU_OK;
}

/* Whoever is offline joins when it can: the round needs all. */
static int start_round(struct mu_difference *d, struct mu_sim *sim) {
    d->pending = mu_sim_clients(sim);
    for (uint32_t c = 0; c < mu_sim_clients(sim); c++) {
        d->jobs.v[c] = 0;
        if (mu_sim_is_idle(sim, c)) {
            MU_TRY(dispatch(d, sim, c, false));
        }
    }
    return MU_OK;
}

int mu_difference_start(struct mu_difference *d, struct mu_sim *sim) {
    for (uint32_t c = 0; c < mu_sim_clients(sim); c++) {
        MU_TRY(mu_note(sim, &d->jobs, 0));
    }
    MU_TRY(calibrate(d, sim));
    return start_round(d, sim);
}

/* The most that one row weighs in the average. */
static double row_weight(const struct mu_sim *sim) {
    double most = 0;
    for (uint32_t c = 0; c < mu_sim_clients(sim); c++) {
        most = fmax(most, mu_sim_importance(sim, c) / (double)mu_sim_samples(sim, c));
    }
    return most;
}

static int add_noise(const struct mu_difference *d, struct mu_sim *sim, uint32_t slot, double clip) {
    const struct mu_privacy *p = mu_sim_privacy(sim);
    if (p == NULL) {
        return MU_OK;
    }
    const double z = is_restart(d, sim) ? d->z_restart : d->z_difference;
    const double std = 2 * row_weight(sim) * clip * z; /* a row that is replaced moves its vector by twice the clip */
    const struct mu_dp_event event = release(z, 1);
    const uint32_t clients = mu_sim_clients(sim);
    mu_sim_note(sim, "noise_std", std);
    if (p->config->noise == MU_NOISE_CENTRAL) {
        return mu_sim_noise(sim, slot, std, 1, 0, NULL, &event);
    }
    uint32_t *worker = mu_alloc_uninit(clients, sizeof *worker, NULL);
    if (worker == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for %u workers", clients);
    }
    for (uint32_t c = 0; c < clients; c++) {
        worker[c] = c;
    }
    const int code = mu_sim_noise(sim, slot, std, p->share, clients, worker, &event);
    mu_free(worker);
    return code;
}

/* Slot 0's direction is -v, the auxiliary one's the change of v; the l2 term's gradient is linear, so its difference is
 * exact and needs no privacy. */
static size_t fill_terms(const struct mu_difference *d, struct mu_sim *sim, struct mu_term *term) {
    const uint32_t clients = mu_sim_clients(sim);
    const uint64_t version = mu_sim_version(sim, 0);
    const double l2 = mu_sim_l2(sim);
    const double sign = d->routine == MU_ROUTINE_BVR ? 1 : -1;
    size_t n = 0;
    for (uint32_t c = 0; c < clients; c++) {
        const double weight = mu_sim_importance(sim, c) / (double)mu_sim_samples(sim, c);
        term[n++] = (struct mu_term){MU_TERM_UPDATE, (mu_job)d->jobs.v[c], 0, sign * weight};
    }
    if (l2 > 0) {
        term[n++] = (struct mu_term){MU_TERM_VERSION, version, 0, sign * l2};
    }
    if (l2 > 0 && !is_restart(d, sim)) {
        term[n++] = (struct mu_term){MU_TERM_VERSION, version - 1, 0, -sign * l2};
    }
    if (d->routine == MU_ROUTINE_BVR && is_restart(d, sim)) {
        term[n++] = (struct mu_term){MU_TERM_VERSION, mu_sim_version(sim, 1), 1, -1}; /* v anew */
    }
    return n;
}

static int end_walk(struct mu_difference *d, struct mu_sim *sim) {
    const mu_job job = (mu_job)d->jobs.v[walker(sim)];
    const struct mu_term term = {MU_TERM_UPDATE, job, 0, 1};
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_release(sim, job, true));
    d->walking = 0;
    mu_sim_note(sim, "restart", is_restart(d, sim));
    mu_sim_note(sim, "step_norm", mu_sim_step_norm(sim, 0));
    MU_TRY(mu_sim_step(sim, 0));
    return start_round(d, sim);
}

static int end_round(struct mu_difference *d, struct mu_sim *sim) {
    const uint32_t clients = mu_sim_clients(sim);
    struct mu_term *term = mu_terms(sim, (size_t)clients + 3);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    const size_t n = fill_terms(d, sim, term);
    const bool walk = d->routine == MU_ROUTINE_BVR;
    const uint32_t slot = walk ? 1 : 0;
    int code = mu_sim_combine(sim, slot, walk || is_restart(d, sim) ? 0 : 1, n, term);
    mu_free(term);
    code = code != MU_OK ? code : add_noise(d, sim, slot, round_clip(d, sim));
    for (uint32_t c = 0; c < clients && code == MU_OK; c++) {
        code = mu_sim_release(sim, (mu_job)d->jobs.v[c], true);
    }
    mu_sim_note(sim, "restart", is_restart(d, sim));
    mu_sim_note(sim, "step_norm", mu_sim_step_norm(sim, 0));
    MU_TRY(code);
    MU_TRY(mu_sim_step(sim, slot));
    return walk ? start_walk(d, sim) : start_round(d, sim);
}

int mu_difference_arrival(struct mu_difference *d, struct mu_sim *sim, const struct mu_update *update) {
    (void)update;
    if (--d->pending > 0) {
        return MU_OK;
    }
    return d->walking ? end_walk(d, sim) : end_round(d, sim);
}

int mu_difference_lost(struct mu_difference *d, struct mu_sim *sim, const struct mu_loss *loss) {
    if (loss->cause == MU_LOSS_DIVERGED) {
        return mu_sim_fail(sim, MU_DIVERGED, "diverged at step %llu: the gradient of client %u is not finite",
                           (unsigned long long)mu_sim_version(sim, 0) + 1, loss->client);
    }
    d->jobs.v[loss->client] = 0;
    return mu_sim_is_idle(sim, loss->client) ? mu_difference_available(d, sim, loss->client) : MU_OK;
}

int mu_difference_available(struct mu_difference *d, struct mu_sim *sim, uint32_t client) {
    if (d->jobs.v[client] != 0) {
        return MU_OK;
    }
    return d->walking ? dispatch_walk(d, sim, client) : dispatch(d, sim, client, true);
}
