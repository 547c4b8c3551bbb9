/* The engine on several ranks against the engine on one: the same bits and the same records, whoever computed what.
 * Every case is run on all ranks, and once more by rank 0 alone, without MPI. */
#include "support_script.h"

#include "support_mpi.h"

#define BLOBS                                                                                                          \
    "{\"source\": \"blobs\", \"samples\": 400, \"test_samples\": 1203, \"features\": 5, \"classes\": 3, \"clients\": " \
    "9, \"partition\": {\"kind\": \"quantity\", \"sigma\": 1}}"
#define RANDOM_TIMES "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.1}"

static const struct engine_config base = {
    .data = BLOBS,
    .model = "{\"kind\": \"mlp\", \"hidden\": [6], \"l2\": 0.001}",
    .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.05}, \"batch_size\": 4, \"local_epochs\": 2}",
    .world = RANDOM_TIMES,
    .stop = "{\"steps\": 40}",
    .evaluate = "{\"every_steps\": 5, \"train\": \"full\"}",
};

static bool same_number(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static void compare(const struct engine *a, const struct engine *b) {
    CHECK(memcmp(a->result.model, b->result.model, mu_model_dim(a->model) * sizeof(double)) == 0);
    CHECK(a->result.time_ns == b->result.time_ns && a->result.updates == b->result.updates);
    CHECK(a->result.bytes_up == b->result.bytes_up && a->result.bytes_down == b->result.bytes_down);
    CHECK(a->result.dropped == b->result.dropped);
    CHECK(a->steps == b->steps && memcmp(a->step, b->step, a->steps * sizeof *a->step) == 0);
    CHECK(a->jobs == b->jobs);
    for (size_t i = 0; i < a->jobs; i++) {
        CHECK(a->job[i].job == b->job[i].job && a->job[i].status == b->job[i].status);
        CHECK(a->job[i].arrive_ns == b->job[i].arrive_ns && a->job[i].step == b->job[i].step);
    }
    CHECK(a->evaluations == b->evaluations);
    for (size_t i = 0; i < a->evaluations; i++) {
        const struct mu_evaluation *const x = &a->evaluation[i].record, *const y = &b->evaluation[i].record;
        CHECK(x->step == y->step && x->time_ns == y->time_ns && x->samples == y->samples);
        CHECK(same_number(x->train_loss, y->train_loss) && same_number(x->test_loss, y->test_loss));
        CHECK(same_number(x->test_accuracy, y->test_accuracy));
        CHECK(same_number(x->staleness_mean, y->staleness_mean));
    }
}

/* The records are rank 0's; of the others only the code is looked at. */
static void expect_same_as_alone(const struct script *s, struct engine_config c) {
    c.strategy = c.strategy != NULL ? c.strategy : &scripted;
    c.comm = comm;
    script = *s;
    struct engine *const all = engine_new(&c);
    CHECK(engine_run(all) == MU_OK);
    if (mu_comm_rank(comm) == 0) {
        c.comm = NULL;
        script = *s;
        struct engine *const alone = engine_new(&c);
        CHECK(engine_run(alone) == MU_OK);
        CHECK(alone->steps > 10);
        compare(all, alone);
        engine_free(alone);
    }
    engine_free(all);
}

static int start_all(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

static int step_and_go_on(struct mu_sim *sim, const struct mu_update *u) {
    return step_at_once(sim, u, 0.3 / (1 + (double)u->staleness));
}

static int dispatch_again(struct mu_sim *sim, const struct mu_loss *loss) {
    return mu_sim_dispatch(sim, loss->client, &plain_work, NULL);
}

static void asynchronous_steps_have_the_same_bits(void **state) {
    (void)state;
    expect_same_as_alone(&(struct script){.start = start_all, .arrival = step_and_go_on, .lost = dispatch_again}, base);
}

static void adaptive_steps_in_float64_have_the_same_bits(void **state) {
    (void)state;
    struct engine_config c = base;
    c.model = "{\"kind\": \"mlp\", \"hidden\": [6], \"precision\": \"float64\"}";
    c.optimizer = "{\"kind\": \"yogi\"}";
    expect_same_as_alone(&(struct script){.start = start_all, .arrival = step_and_go_on, .lost = dispatch_again}, c);
}

/* SCAFFOLD's parts, one client at a time: c_i lives on its home rank, and its jobs go there. */
static const struct mu_work controlled = {.slot = 0, .control = 1};

static int start_controlled(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        MU_TRY(mu_sim_dispatch(sim, i, &controlled, NULL));
    }
    return MU_OK;
}

static int step_controlled(struct mu_sim *sim, const struct mu_update *u) {
    struct mu_term term = update_term(u->job, 0.5);
    const uint32_t client = u->client;
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    term.part = 1;
    term.weight = 1.0 / 9;
    MU_TRY(mu_sim_combine(sim, 1, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 1));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, term.id, true));
    return mu_sim_dispatch(sim, client, &controlled, NULL);
}

static int control_again(struct mu_sim *sim, const struct mu_loss *loss) {
    return mu_sim_dispatch(sim, loss->client, &controlled, NULL);
}

static void control_variates_have_the_same_bits(void **state) {
    (void)state;
    struct engine_config c = base;
    c.strategy = &scripted_vectors;
    expect_same_as_alone(&(struct script){.start = start_controlled, .arrival = step_controlled, .lost = control_again},
                         c);
}

/* Cached updates of all clients in every step, from wherever they live. */
static const struct mu_work cached = {.slot = 0, .control = MU_NO_SLOT, .cached = true};

static int start_cached(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        MU_TRY(mu_sim_dispatch(sim, i, &cached, NULL));
    }
    return MU_OK;
}

static int step_cached(struct mu_sim *sim, const struct mu_update *u) {
    struct mu_term term[10] = {update_term(u->job, 0.3)};
    const uint32_t client = u->client;
    for (uint32_t i = 0; i < 9; i++) {
        term[i + 1] = (struct mu_term){MU_TERM_CLIENT, i, 0, 0.01 * (i + 1)};
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, 10, term));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, term[0].id, true));
    return mu_sim_dispatch(sim, client, &cached, NULL);
}

static int cache_again(struct mu_sim *sim, const struct mu_loss *loss) {
    return mu_sim_dispatch(sim, loss->client, &cached, NULL);
}

static void cached_updates_have_the_same_bits(void **state) {
    (void)state;
    struct engine_config c = base;
    c.strategy = &scripted_vectors;
    expect_same_as_alone(&(struct script){.start = start_cached, .arrival = step_cached, .lost = cache_again}, c);
}

/* Jobs are cancelled all the time, waiting, in training (each has a thousand steps) or done: every arrival cancels the
 * job of the next client and starts both anew. */
static mu_job job_of[9];

static int start_noted(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        job_of[i] = dispatch(sim, i);
    }
    return MU_OK;
}

static int cancel_next(struct mu_sim *sim, const struct mu_update *u) {
    const struct mu_term term = update_term(u->job, 0.3);
    const uint32_t client = u->client, other = (client + 1) % 9;
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, term.id, true));
    job_of[client] = dispatch(sim, client);
    if (job_of[other] != 0 && mu_sim_version(sim, 0) % 2 == 1) {
        MU_TRY(mu_sim_cancel(sim, job_of[other]));
        job_of[other] = dispatch(sim, other);
    }
    return MU_OK;
}

static int note_again(struct mu_sim *sim, const struct mu_loss *loss) {
    job_of[loss->client] = dispatch(sim, loss->client);
    return MU_OK;
}

static void cancelled_jobs_leave_no_trace_in_the_bits(void **state) {
    (void)state;
    struct engine_config c = base;
    c.client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.01}, \"batch_size\": 2, \"local_steps\": 1000}";
    expect_same_as_alone(&(struct script){.start = start_noted, .arrival = cancel_next, .lost = note_again}, c);
}

static int fail_late(struct mu_sim *sim, const struct mu_update *u) {
    return mu_sim_version(sim, 0) < 7 ? step_and_go_on(sim, u) : mu_sim_fail(sim, MU_DIVERGED, "as it was told");
}

/* A failure on rank 0 in the middle of everything: every rank returns its code and words. */
static void a_failure_ends_all_ranks(void **state) {
    (void)state;
    struct engine_config c = base;
    c.comm = comm;
    c.strategy = &scripted;
    script = (struct script){.start = start_all, .arrival = fail_late, .lost = dispatch_again};
    struct engine *const e = engine_new(&c);
    CHECK(engine_run(e) == MU_DIVERGED);
    CHECK(e->err.code == MU_DIVERGED && strcmp(e->err.text, "as it was told") == 0);
    engine_free(e);
}

static void clocks_of_all_ranks_are_collected(void **state) {
    (void)state;
    struct engine_config c = base;
    c.comm = comm;
    c.strategy = &scripted;
    script = (struct script){.start = start_all, .arrival = step_and_go_on, .lost = dispatch_again};
    struct engine *const e = engine_new(&c);
    CHECK(engine_run(e) == MU_OK);
    for (int rank = 0; rank < mu_comm_size(comm) && mu_comm_rank(comm) == 0; rank++) {
        CHECK(e->result.clock[rank].s[MU_TRAIN] > 0 && e->result.clock[rank].s[MU_COMBINE] > 0);
        CHECK(e->result.clock[rank].s[MU_TRAIN] < 60);
    }
    engine_free(e);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asynchronous_steps_have_the_same_bits),
        cmocka_unit_test(adaptive_steps_in_float64_have_the_same_bits),
        cmocka_unit_test(control_variates_have_the_same_bits),
        cmocka_unit_test(cached_updates_have_the_same_bits),
        cmocka_unit_test(cancelled_jobs_leave_no_trace_in_the_bits),
        cmocka_unit_test(a_failure_ends_all_ranks),
        cmocka_unit_test(clocks_of_all_ranks_are_collected),
    };
    RUN_ON_RANKS(argc, argv, tests);
}
