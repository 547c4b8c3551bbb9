#include "private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim_impl.h"
#include "worker_impl.h"

bool mu_private_clients(const struct mu_sim *sim) {
    const struct mu_privacy *p = sim->private.p;
    return p != NULL && p->unit == MU_DP_CLIENT;
}

const struct mu_privacy *mu_sim_privacy(const struct mu_sim *sim) {
    return sim->private.p;
}

/* Standard deviation of the noise on a sum of contributions of weight 1. */
static double sum_std(const struct mu_private *v) {
    return v->p->sigma_sum * v->p->sensitivity * v->clip;
}

static int start_tree(struct mu_sim *sim) {
    struct mu_private *v = &sim->private;
    const struct mu_tree_config *tree = &v->p->config->tree;
    if (v->p->unit != MU_DP_CLIENT || tree->kind == MU_TREE_NONE) {
        return MU_OK;
    }
    return mu_tree_new(&v->tree, (enum mu_tree_kind)tree->kind, v->key, 0, sum_std(v) / v->p->cohort, sim->dim,
                       tree->restart_steps, sim->err);
}

int mu_private_start(struct mu_sim *sim) {
    const struct mu_privacy *p = sim->setup->privacy;
    if (p == NULL || p->config == NULL) {
        return MU_OK;
    }
    struct mu_private *v = &sim->private;
    v->p = p;
    v->clip = p->clip;
    v->key = &sim->worker->noise_key;
    if (p->unit == MU_DP_CLIENT && p->sampling != MU_DP_SAMPLING_NONE) {
        sim->population.secret = v->key;
    }
    if (p->exact && p->unit == MU_DP_CLIENT) {
        MU_TRY(
            mu_lattice_init(&v->lattice, p->clip, p->sigma_sum, p->sensitivity, sim->population.n, sim->dim, sim->err));
    }
    return start_tree(sim);
}

int mu_private_resume(struct mu_sim *sim) {
    return sim->private.tree != NULL ? mu_tree_seek(sim->private.tree, sim->private.tree_steps, sim->err) : MU_OK;
}

static const char *key_path(char path[static 5000], const char *directory) {
    snprintf(path, 5000, "%s/noise.key", directory);
    return path;
}

static int read_key(const char *directory, struct mu_noise_key *key, struct mu_err *err) {
    char path[5000];
    FILE *file = fopen(key_path(path, directory), "rb");
    const bool good = file != NULL && fread(key, sizeof *key, 1, file) == 1;
    if (file != NULL) {
        fclose(file);
    }
    return good ? MU_OK : mu_fail(err, MU_IO, path, "the key of the noise cannot be read");
}

int mu_private_save_key(const struct mu_sim *sim, const char *directory) {
    const struct mu_private *v = &sim->private;
    if (v->p == NULL || !v->p->secret) {
        return MU_OK;
    }
    char path[5000];
    const int fd = open(key_path(path, directory), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, v->key, sizeof *v->key) == (ssize_t)sizeof *v->key && fsync(fd) == 0;
    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    return good ? MU_OK : mu_fail(sim->err, MU_IO, path, "cannot be written: %s", strerror(errno));
}

int mu_private_share_key(struct mu_worker *worker, struct mu_comm *comm, const char *checkpoint, struct mu_err *err) {
    const struct mu_privacy *p = worker->setup->privacy;
    if (p == NULL || p->config == NULL) {
        return MU_OK;
    }
    int code = MU_OK;
    if (mu_comm_rank(comm) == 0) {
        const bool goes_on = checkpoint[0] != '\0' && p->secret;
        code = goes_on ? read_key(checkpoint, &worker->noise_key, err) : mu_privacy_key(p, &worker->noise_key, err);
    }
    MU_TRY(mu_comm_agree(comm, code, err));
    mu_comm_bcast(comm, &worker->noise_key, sizeof worker->noise_key);
    return MU_OK;
}

void mu_private_clear(struct mu_sim *sim) {
    mu_tree_free(sim->private.tree);
    mu_group_clear(&mu_ledger_group, &sim->private.ledger);
    mu_group_clear(&mu_ledger_group, &sim->private.messages);
}

/* Into the ledger (to `raise` it: mu_ledger_raise) and, with noise per_worker, into that of single messages, in which
 * noise that was `shared` is one share. */
static int charge(struct mu_sim *sim, const struct mu_dp_event *event, bool raise, bool shared) {
    struct mu_private *v = &sim->private;
    int (*const enter)(struct mu_ledger *, const struct mu_dp_event *, struct mu_err *) =
        raise ? mu_ledger_raise : mu_ledger_charge;
    MU_TRY(enter(&v->ledger, event, sim->err));
    if (v->p->config->noise != MU_NOISE_PER_WORKER) {
        return MU_OK;
    }
    const struct mu_dp_event share = shared ? mu_privacy_share_event(v->p, event) : *event;
    return enter(&v->messages, &share, sim->err);
}

/* The most that a client may take part, where nobody is drawn at random. */
static uint64_t bound_of(const struct mu_private *v) {
    if (v->tree != NULL) {
        return 0; /* a leaf of each tree, and a restart lets everybody in again */
    }
    /* Unless it is asked for less, once in each step: strategies see to that. */
    const int64_t bound = v->p->config->participations;
    return bound == MU_UNSET ? UINT64_MAX : (uint64_t)bound;
}

int mu_private_dispatch(struct mu_sim *sim, struct mu_sim_job *job) {
    struct mu_private *v = &sim->private;
    if (v->p == NULL || job->gradient != NULL || job->work.bvr.steps > 0) {
        return MU_OK;
    }
    const uint64_t jobs = (uint64_t)job->ordinal + 1;
    if (v->p->unit == MU_DP_RECORD) {
        const uint64_t steps = job->rows > 0 ? jobs * mu_client_steps(sim->setup->client, job->rows) : 0;
        v->most_steps = steps > v->most_steps ? steps : v->most_steps;
        const struct mu_dp_event event = mu_privacy_event(v->p, (int64_t)v->most_steps);
        return charge(sim, &event, true, false);
    }
    job->clip = v->clip;
    if (v->p->sampling == MU_DP_SAMPLING_NONE && jobs >= bound_of(v)) {
        mu_population_retire(&sim->population, job->client, true);
    }
    return MU_OK;
}

/* `part` of the central noise's standard deviation, on an exact sum or on a direction. */
static int add_noise(struct mu_sim *sim, const struct mu_noise_place *place, double part, int64_t *sum,
                     double *direction) {
    const struct mu_private *v = &sim->private;
    if (sum == NULL) {
        mu_noise_gaussian(v->key, place, part * sum_std(v) / v->p->cohort, 0, sim->dim, direction);
        return MU_OK;
    }
    struct mu_discrete law = v->lattice.law;
    if (part != 1) {
        MU_TRY(mu_discrete_init(&law, part * v->lattice.std, sim->err));
    }
    mu_noise_discrete(v->key, place, &law, 0, sim->dim, sum);
    return MU_OK;
}

/* What n shares leave of the central noise's standard deviation. */
static double missing_part(const struct mu_private *v, size_t n) {
    const double variance = 1 - (double)n * v->p->share * v->p->share;
    return variance > 1e-9 ? sqrt(variance) : 0;
}

/* Central noise; or each contribution's share, and from the coordinator what is then missing, beyond the shares that
 * may be. */
static int add_release(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms, int64_t *sum,
                       double *direction) {
    const struct mu_private *v = &sim->private;
    struct mu_noise_place place = {.purpose = MU_NOISE_SUM, .step = v->releases, .slot = slot};
    if (v->p->config->noise == MU_NOISE_CENTRAL) {
        return add_noise(sim, &place, 1, sum, direction);
    }
    const double missing = missing_part(v, n);
    if (missing > 0) {
        MU_TRY(add_noise(sim, &place, missing, sum, direction));
    }
    place.purpose = MU_NOISE_SHARE;
    for (size_t i = 0; i < n; i++) {
        place.client = ((const struct mu_sim_job *)mu_map_get(&sim->jobs, terms[i].id))->client;
        MU_TRY(add_noise(sim, &place, v->p->share, sum, direction));
    }
    return MU_OK;
}

int mu_private_noise_sum(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms, int64_t *sum) {
    return add_release(sim, slot, n, terms, sum, NULL);
}

int mu_private_noise_direction(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms,
                               double *direction) {
    struct mu_private *v = &sim->private;
    if (v->tree != NULL) {
        return mu_tree_add(v->tree, direction, sim->err);
    }
    return add_release(sim, slot, n, terms, NULL, direction);
}

/* Andrew et al. 2021: the clip follows a quantile of the norms, of which only a noisy count is looked at. */
static void adapt_clip(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms) {
    struct mu_private *v = &sim->private;
    const bool shared = v->p->config->noise == MU_NOISE_PER_WORKER;
    struct mu_noise_place place = {.purpose = MU_NOISE_COUNT, .step = v->releases, .slot = slot};
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mu_sim_job *job = mu_map_get(&sim->jobs, terms[i].id);
        place.client = job->client;
        sum += job->clipped ? -0.5 : 0.5;
        mu_noise_gaussian(v->key, &place, shared ? v->p->share * v->p->sigma_b : 0, 0, 1, &sum);
    }
    place.client = 0;
    place.part = shared; /* client 0 may have had its share */
    mu_noise_gaussian(v->key, &place, shared ? missing_part(v, n) * v->p->sigma_b : v->p->sigma_b, 0, 1, &sum);
    v->clip = mu_adaptive_clip(&v->p->config->adaptive, v->clip, sum, v->p->cohort);
}

/* A new tree: whoever has no update under way, which will be a leaf of this one, may be asked again. */
static void open_tree(struct mu_sim *sim) {
    struct mu_population *p = &sim->population;
    for (size_t i = 0; i < sim->jobs.capacity; i++) {
        const struct mu_sim_job *job = sim->jobs.entry[i].value;
        if (sim->jobs.entry[i].key != 0 && job->step == 0) {
            p->client[job->client].picked = 1;
        }
    }
    /* In the order of clients, not of the map: it is that of later draws. */
    for (uint32_t c = 0; c < p->n; c++) {
        mu_population_retire(p, c, p->client[c].picked != 0);
        p->client[c].picked = 0;
    }
}

static int account_tree(struct mu_sim *sim) {
    struct mu_private *v = &sim->private;
    const int64_t steps = mu_tree_steps(v->tree), restart = v->p->config->tree.restart_steps;
    v->tree_steps = steps;
    struct mu_dp_event event = mu_privacy_event(v->p, 1);
    event.steps = restart == MU_UNSET ? steps : restart;
    event.count = restart == MU_UNSET ? 1 : (steps + restart - 1) / restart;
    if (restart != MU_UNSET && steps % restart == 0) {
        open_tree(sim);
    }
    return charge(sim, &event, true, false);
}

int mu_private_account(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms) {
    struct mu_private *v = &sim->private;
    if (v->p->config->adaptive.enabled) {
        adapt_clip(sim, slot, n, terms);
    }
    v->releases++;
    if (v->tree != NULL) {
        return account_tree(sim);
    }
    if (v->p->sampling != MU_DP_SAMPLING_NONE) {
        const struct mu_dp_event event = mu_privacy_event(v->p, 1);
        return charge(sim, &event, false, true);
    }
    /* Nobody is amplified by being drawn: the client that has taken part most has spent most. */
    uint64_t most = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mu_sim_job *job = mu_map_get(&sim->jobs, terms[i].id);
        const uint64_t times = sim->population.client[job->client].participations;
        most = times > most ? times : most;
    }
    const struct mu_dp_event event = mu_privacy_event(v->p, (int64_t)most);
    return charge(sim, &event, true, true);
}

int mu_sim_noise(struct mu_sim *sim, uint32_t slot, double std, double share, size_t n, const uint32_t *workers,
                 const struct mu_dp_event *event) {
    struct mu_private *v = &sim->private;
    assert(v->p != NULL);
    struct mu_noise_place place = {.purpose = MU_NOISE_SUM, .step = v->releases++, .slot = slot};
    if (n == 0) {
        mu_noise_gaussian(v->key, &place, std, 0, sim->dim, sim->slot[slot].direction);
    }
    place.purpose = MU_NOISE_SHARE;
    for (size_t i = 0; i < n; i++) {
        place.client = workers[i];
        mu_noise_gaussian(v->key, &place, std * share, 0, sim->dim, sim->slot[slot].direction);
    }
    return charge(sim, event, false, n > 0);
}

int mu_sim_charge(struct mu_sim *sim, const struct mu_dp_event *event) {
    assert(sim->private.p != NULL);
    return charge(sim, event, false, false);
}

int mu_private_cost(struct mu_sim *sim, struct mu_dp_cost *cost, double *exact, double *per_worker) {
    *exact = *per_worker = NAN;
    if (sim->private.p == NULL) {
        *cost = (struct mu_dp_cost){.epsilon = NAN, .delta = NAN, .order = NAN};
        return MU_OK;
    }
    if (sim->setup->strategy->own_noise) {
        struct mu_privacy gaussian = *sim->private.p;
        gaussian.accountant = mu_accountant_find("gdp");
        MU_TRY(mu_ledger_cost(&sim->private.ledger, &gaussian, cost, sim->err));
        *exact = cost->epsilon;
    }
    if (sim->private.p->config->noise == MU_NOISE_PER_WORKER) {
        MU_TRY(mu_ledger_cost(&sim->private.messages, sim->private.p, cost, sim->err));
        *per_worker = cost->epsilon;
    }
    return mu_ledger_cost(&sim->private.ledger, sim->private.p, cost, sim->err);
}
