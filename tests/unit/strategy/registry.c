/* What every strategy must keep to: a row of the registry that does not is found here before its author writes a
 * test. */
#include "support_engine.h"

#include "muster/strategy/strategies.h"

#define BLOBS                                                                                                        \
    "{\"source\": \"blobs\", \"samples\": 240, \"test_samples\": 40, \"features\": 4, \"classes\": 3, \"clients\": " \
    "12, \"partition\": {\"kind\": \"dirichlet\", \"alpha\": 0.5}}"
#define SLOW "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.1}"

static const struct mu_strategy *row(size_t i) {
    return (const void *)mu_strategies.rows[i];
}

static void every_row_is_complete(void **state) {
    (void)state;
    assert_true(mu_strategies.n >= 3);
    for (size_t i = 0; i < mu_strategies.n; i++) {
        const struct mu_strategy *const s = row(i);
        assert_true(s->kind.name[0] != '\0' && s->kind.summary[0] != '\0' && s->kind.reference[0] != '\0');
        assert_true(s->kind.group.size > 0);
        assert_non_null(s->start);
        assert_non_null(s->arrival);
        assert_non_null(s->lost);
        assert_ptr_equal(mu_registry_find(&mu_strategies, s->kind.name), &s->kind);
    }
}

/* The options that the user must give, each of them 1, or at its minimum if that is more; the others have defaults. */
static void required_options(const struct mu_strategy *strategy, char text[static 512]) {
    strcpy(text, "{");
    for (const struct mu_field *f = strategy->kind.group.fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role == MU_OPTION && f->def == NULL && (f->type == MU_INT || f->type == MU_REAL)) {
            const size_t n = strlen(text);
            snprintf(text + n, 512 - n, "%s\"%s\": %g", n > 1 ? ", " : "", f->name, fmax(1, f->min));
        }
    }
    strcat(text, "}");
}

static struct engine *run(const struct mu_strategy *strategy, const char *world, uint64_t seed) {
    char options[512];
    required_options(strategy, options);
    return engine_of(&(struct engine_config){.data = BLOBS,
                                             .model = "{\"kind\": \"mlp\", \"hidden\": [5]}",
                                             .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}}",
                                             .world = world,
                                             .stop = "{\"steps\": 5}",
                                             .strategy = strategy,
                                             .options = options,
                                             .seed = seed});
}

/* With the defaults, on a world of delays and losses and on one without: five steps, twice the same to the bit, and not
 * the same for another seed. */
static void every_strategy_runs_and_repeats_itself(void **state) {
    (void)state;
    static const char *const worlds[] = {NULL, SLOW};
    for (size_t i = 0; i < mu_strategies.n; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct engine *const a = run(row(i), worlds[k], 1), *const b = run(row(i), worlds[k], 1);
            struct engine *const other = run(row(i), worlds[k], 2);
            const size_t bytes = mu_model_dim(a->model) * sizeof(double);
            assert_int_equal(a->result.steps, 5);
            assert_int_equal(a->result.time_ns, b->result.time_ns);
            assert_int_equal(a->jobs, b->jobs);
            assert_memory_equal(a->result.model, b->result.model, bytes);
            assert_memory_equal(a->step, b->step, a->steps * sizeof *a->step);
            assert_memory_not_equal(a->result.model, other->result.model, bytes);
            engine_free(a);
            engine_free(b);
            engine_free(other);
        }
    }
}

/* Every job that was dispatched has ended in exactly one way, and the totals say the same as the records. */
static void every_strategy_accounts_for_its_jobs(void **state) {
    (void)state;
    for (size_t i = 0; i < mu_strategies.n; i++) {
        struct engine *const e = run(row(i), SLOW, 3);
        bool seen[4096] = {false};
        uint64_t used = 0;
        for (size_t j = 0; j < e->jobs; j++) {
            const struct mu_job_record *const r = &e->job[j];
            assert_in_range(r->job, 1, e->jobs);
            assert_false(seen[r->job]);
            seen[r->job] = true;
            assert_true(r->arrive_ns >= r->dispatch_ns);
            assert_true((r->status == MU_JOB_USED) == (r->step > 0));
            used += r->status == MU_JOB_USED;
        }
        assert_int_equal(used, e->result.updates);
        uint64_t participations = 0, in_steps = 0;
        for (uint32_t c = 0; c < 12; c++) {
            participations += e->result.participations[c];
        }
        for (size_t t = 0; t < e->steps; t++) {
            in_steps += e->step[t].n;
        }
        assert_int_equal(participations, e->result.updates);
        /* The parts of gradient work may enter a step each. */
        assert_true(in_steps == used || (row(i)->gradients && in_steps > used));
        engine_free(e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(every_strategy_runs_and_repeats_itself),
        cmocka_unit_test(every_strategy_accounts_for_its_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
