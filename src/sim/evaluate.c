/* Evaluations: when a server step asks for one it happens at once and changes nothing, so that it cannot perturb the
 * order of events. */
#include <math.h>

#include "sim_impl.h"

static double train_loss(const struct mu_sim *sim) {
    if (sim->dim == 0) {
        return NAN;
    }
    if (sim->setup->evaluate->train == MU_TRAIN_LOSS_LOCAL) {
        return sim->tally.rows > 0 ? sim->tally.loss / sim->tally.rows : NAN;
    }
    const double *loss = mu_worker_client_losses(sim->worker);
    double sum = 0;
    for (uint32_t i = 0; i < sim->population.n; i++) {
        sum += mu_sim_importance(sim, i) * loss[i];
    }
    return sum;
}

/* l2 / 2 |x|^2, a part of the loss that the kernels leave to us. */
static double penalty(const struct mu_sim *sim) {
    const double l2 = mu_model_l2(sim->setup->model);
    double square = 0;
    for (uint32_t m = 0; l2 > 0 && m < sim->models; m++) {
        const double *x = sim->slot[m].current->x;
        for (size_t i = 0; i < sim->dim; i++) {
            square += x[i] * x[i];
        }
    }
    return l2 / 2 * square / sim->models;
}

/* The verdict stands over every end in good order but that of the target: of a run that took all its steps, too, one
 * wants to know that it diverged. An evaluation that is only there because the run was interrupted does not count. */
static void look_for_divergence(struct mu_sim *sim, double loss, bool trained) {
    const enum mu_end end = sim->result->end;
    if (sim->dim == 0 || !trained || (sim->ended && (mu_sim_goes_on(end) || end == MU_END_TARGET))) {
        return;
    }
    if (mu_divergence_look(&sim->setup->stop->diverged, &sim->divergence, loss)) {
        sim->ended = true;
        sim->result->end = MU_END_DIVERGED;
    }
}

int mu_sim_evaluate(struct mu_sim *sim) {
    if (sim->evaluated == sim->result->steps) {
        return MU_OK;
    }
    const bool full = sim->setup->evaluate->train == MU_TRAIN_LOSS_FULL;
    const struct mu_evaluate_command command = {{MU_COMMAND_EVALUATE, sizeof command}, full};
    if (sim->dim > 0) {
        MU_TRY(mu_sim_post_all(sim, &command));
    }
    sim->evaluated = sim->result->steps;
    size_t blocks = 0;
    const double *score = mu_worker_scores(sim->worker, &blocks);
    double loss = 0, correct = 0;
    for (size_t b = 0; b < blocks; b++) {
        loss += score[2 * b];
        correct += score[2 * b + 1];
    }
    const double rows = sim->dim > 0 ? (double)mu_data_test(sim->setup->data)->n * sim->models : 0;
    const bool classes = mu_data_task(sim->setup->data)->kind == MU_CLASSIFICATION;
    const struct mu_tally *tally = &sim->tally;
    const double regular = penalty(sim);
    struct mu_dp_cost spent;
    double exact = NAN, per_worker = NAN;
    MU_TRY(mu_private_cost(sim, &spent, &exact, &per_worker));
    const struct mu_evaluation record = {
        .step = sim->result->steps,
        .time_ns = sim->now_ns,
        .updates = sim->result->updates,
        .samples = sim->samples,
        .bytes_up = sim->result->bytes_up,
        .bytes_down = sim->result->bytes_down,
        .dropped = sim->result->dropped,
        .train_loss = train_loss(sim) + (full ? regular : 0),
        .test_loss = rows > 0 ? loss / rows + regular : NAN,
        .test_accuracy = rows > 0 && classes ? correct / rows : NAN,
        .staleness_mean = tally->updates > 0 ? tally->staleness / (double)tally->updates : NAN,
        .staleness_max = tally->staleness_max,
        .privacy = spent,
        .epsilon_exact = exact,
        .epsilon_per_worker = per_worker,
        .clip = mu_private_clients(sim) ? sim->private.clip : NAN,
        .model = sim->slot[0].current->x,
        .dim = sim->dim,
    };
    const bool trained = full || tally->rows > 0;
    sim->tally = (struct mu_tally){0};
    sim->test_accuracy = record.test_accuracy;
    const double target = sim->setup->stop->target_accuracy;
    if (record.test_accuracy >= target) { /* false if either is NAN */
        mu_sim_end(sim, MU_END_TARGET);
    }
    look_for_divergence(sim, record.train_loss, trained);
    const struct mu_observer *observer = sim->setup->observer;
    return observer->evaluation != NULL ? observer->evaluation(observer->context, &record, sim->err) : MU_OK;
}
