/* What a checkpoint is made of, and what is left of it when something goes wrong. */
#include "support_gather.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "muster/base/log.h"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    part_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

/* A run that is interrupted after so many events. */
static struct engine *cut(const struct engine_config *c, uint64_t events) {
    part.events = events;
    struct engine *const e = part_run(c, NULL);
    support_expect_ok(&e->err);
    assert_int_equal(e->result.end, MU_END_INTERRUPTED);
    return e;
}

static const struct mu_array *find(size_t n, const struct mu_array *array, const char *name) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(array[i].name, name) == 0) {
            return &array[i];
        }
    }
    fail_msg("there is no array \"%s\"", name);
    return NULL;
}

static void an_interrupted_run_leaves_a_checkpoint(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    char name[4][64], path[700];
    assert_false(mu_checkpoint_exists(part.directory));
    struct engine *const e = cut(&c, 20);
    assert_true(e->result.saved);
    assert_true(mu_checkpoint_exists(part.directory));
    assert_int_equal(part_list(4, name), 1);
    char expected[64];
    snprintf(expected, sizeof expected, "step-%012llu-event-%015d", (unsigned long long)e->result.steps, 20);
    assert_string_equal(name[0], expected);
    struct mu_err err = {.code = MU_OK};
    size_t n = 0;
    struct mu_array *array = NULL;
    snprintf(path, sizeof path, "%s/%s/engine.npz", part.directory, name[0]);
    assert_int_equal(mu_npz_read(path, &n, &array, &err), MU_OK);
    struct mu_checkpoint_header h;
    assert_int_equal(mu_array_count(find(n, array, MU_HEADER)), sizeof h);
    memcpy(&h, find(n, array, MU_HEADER)->data, sizeof h);
    assert_in_range(strnlen(h.version, sizeof h.version), 5, sizeof h.version - 1);
    assert_string_equal(h.identity, part.identity);
    assert_int_equal(h.dim, 2);
    assert_int_equal(h.clients, 5);
    assert_int_equal(h.arrays, n);
    assert_int_equal(h.names, mu_checkpoint_names(n, array));
    assert_int_equal(h.vectors, 0);
    uint64_t steps;
    memcpy(&steps, find(n, array, "steps")->data, sizeof steps);
    assert_int_equal(steps, e->result.steps);
    mu_npz_free(n, array);
    engine_free(e);
}

/* An interruption ends a run that is not to be saved, too. */
static void a_run_without_a_place_for_checkpoints_saves_none(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *const e = engine_new(&c);
    e->observer.interrupted = part_interrupted;
    part.events = 7;
    assert_int_equal(engine_run(e), MU_OK);
    assert_int_equal(e->result.end, MU_END_INTERRUPTED);
    assert_false(e->result.saved);
    engine_free(e);
}

/* However often a run is laid aside, and wherever its checkpoint is from, it goes on to the same end; a pause that has
 * been reached already lays it aside again at once. */
static void a_paused_run_goes_on_to_the_same_end(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *const whole = engine_of(&c);
    const struct mu_pause pause[] = {{.steps = 2}, {.steps = 2}, {.updates = 9}, {.time_ns = 8 * MU_SECOND}, {0}};
    struct engine *e = NULL;
    uint64_t before = 0;
    for (size_t i = 0; i < sizeof pause / sizeof *pause; i++) {
        struct mu_checkpointing checkpoint;
        struct engine *const next = part_new(&c, e, &checkpoint);
        next->setup.pause = pause[i];
        engine_run(next);
        support_expect_ok(&next->err);
        next->setup.checkpoint = NULL;
        e = next;
        const bool last = i + 1 == sizeof pause / sizeof *pause;
        assert_int_equal(e->result.end, last ? MU_END_STEPS : MU_END_PAUSED);
        assert_true(i == 1 ? e->result.steps == before : e->result.steps > before);
        assert_true(pause[i].time_ns == 0 || e->result.time_ns <= pause[i].time_ns);
        before = e->result.steps;
    }
    assert_null(part_difference(whole, e));
    engine_free(e);
    engine_free(whole);
}

static void the_last_two_are_kept(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *const whole = engine_of(&c);
    char name[4][64];
    part.every_steps = 1;
    struct engine *const e = part_run(&c, NULL);
    support_expect_ok(&e->err);
    /* Saved after every step but the last, which ends the run. Saving changes nothing. */
    assert_int_equal(part_list(4, name), 2);
    assert_int_equal(strncmp(name[0], "step-000000000010-", 18), 0);
    assert_int_equal(strncmp(name[1], "step-000000000011-", 18), 0);
    assert_null(part_difference(whole, e));
    engine_free(e);
    engine_free(whole);
}

static void steps_are_counted_from_the_last_checkpoint(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    char name[4][64];
    part.every_steps = 4;
    struct engine *const e = part_run(&c, NULL);
    support_expect_ok(&e->err);
    assert_int_equal(part_list(4, name), 2);
    assert_int_equal(strncmp(name[0], "step-000000000004-", 18), 0);
    assert_int_equal(strncmp(name[1], "step-000000000008-", 18), 0);
    engine_free(e);
}

static void only_two_are_kept_however_often_a_run_is_resumed(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_vectors);
    char before[4][64] = {{0}}, name[4][64];
    struct engine *e = NULL;
    for (size_t i = 0; i < 12; i++) {
        part.events = 2;
        e = part_run(&c, e);
        support_expect_ok(&e->err);
        assert_int_equal(part_list(4, name), i < 1 ? 1 : 2);
        assert_string_equal(name[0], i < 1 ? name[0] : before[i < 2 ? 0 : 1]); /* the newest became the older one */
        memcpy(before, name, sizeof before);
    }
    engine_free(e);
}

/* What is newer than the checkpoint just written is of a future that this run has not come from. */
static void what_claims_to_be_newer_goes(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    char path[700], name[4][64];
    struct mu_err err = {.code = MU_OK};
    struct engine *e = cut(&c, 10);
    snprintf(path, sizeof path, "%s/step-000000000099-event-000000000000999", part.directory);
    assert_int_equal(mkdir(path, 0777), 0); /* damaged: it is empty */
    part.events = 5;
    mu_log_silence(true);
    e = part_run(&c, e);
    mu_log_silence(false);
    support_expect_ok(&e->err);
    assert_int_equal(part_list(4, name), 2);
    assert_non_null(strstr(name[0], "event-000000000000010"));
    assert_non_null(strstr(name[1], "event-000000000000015"));
    engine_free(e);
    support_expect_ok(&err);
}

static size_t bytes_of_newest(void) {
    char name[2][64], path[700];
    struct stat info;
    const size_t n = part_list(2, name);
    snprintf(path, sizeof path, "%s/%s/engine.npz", part.directory, name[n - 1]);
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

static void limit_files(size_t bytes, struct rlimit *before) {
    assert_int_equal(getrlimit(RLIMIT_FSIZE, before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = bytes, .rlim_max = before->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
}

/* The run ends with an error; the checkpoint before is as it was, and the run goes on from it when there is room. */
static void a_full_disk_leaves_the_checkpoint_before(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *const whole = engine_of(&c);
    struct rlimit before;
    char name[4][64];
    struct engine *e = cut(&c, 20);
    limit_files(bytes_of_newest() / 2, &before);
    part.every_steps = 1;
    e = part_run(&c, e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(part_list(4, name), 1);
    assert_non_null(strstr(name[0], "event-000000000000020"));
    support_expect_error(&e->err, MU_IO, MU_WRITING, "File too large");
    e = part_run(&c, e);
    support_expect_ok(&e->err);
    assert_null(part_difference(whole, e));
    engine_free(e);
    engine_free(whole);
}

static void vectors_on_a_full_disk(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_vectors);
    struct rlimit before;
    struct engine *e = cut(&c, 20);
    limit_files(100, &before);
    part.events = 1;
    e = part_run(&c, e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    support_expect_error(&e->err, MU_IO, "vectors-0-0.npz", "File too large");
    engine_free(e);
}

static void what_is_in_the_way_is_an_error(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    support_write(part.directory, "x", 1);
    part.events = 3;
    struct engine *const e = part_run(&c, NULL);
    support_expect_error(&e->err, MU_IO, part.directory, "not a directory");
    engine_free(e);
}

static int cannot_save(void *context, const void **state, size_t *n, struct mu_err *err) {
    (void)context, (void)state, (void)n;
    return mu_fail(err, MU_IO, "metrics", "cannot write");
}

static void an_observer_that_cannot_be_saved_ends_the_run(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct mu_checkpointing checkpoint;
    char name[4][64];
    struct engine *const e = part_new(&c, NULL, &checkpoint);
    e->observer.save = cannot_save;
    part.events = 4;
    assert_int_equal(engine_run(e), MU_IO);
    support_expect_error(&e->err, MU_IO, "metrics", "cannot write");
    assert_int_equal(part_list(4, name), 0);
    engine_free(e);
}

/* Names of regions, as the strategy's first arrival sees them. */
static struct mu_piece seen[MU_MAX_PIECES];
static size_t n_seen;

static int look(void *state, struct mu_sim *sim, const struct mu_update *update) {
    n_seen = n_seen > 0 ? n_seen : mu_checkpoint_pieces(sim, seen);
    return gather_vectors_on_arrival(state, sim, update);
}

static void regions_have_names_of_their_own(void **state) {
    (void)state;
    struct mu_strategy strategy = gather_vectors;
    strategy.arrival = look;
    for (size_t i = 0; i < mu_server_optimizers.n; i++) {
        char optimizer[100];
        snprintf(optimizer, sizeof optimizer, "{\"kind\": \"%s\"}", mu_server_optimizers.rows[i]->name);
        struct engine_config c = gather_config(&strategy);
        c.optimizer = optimizer;
        n_seen = 0;
        engine_free(engine_of(&c));
        /* Two slots have two regions each, and there are the moments, the clients' and the engine's own. */
        assert_in_range(n_seen, 4 + 3 + 10, MU_MAX_PIECES - 10);
        for (size_t a = 0; a < n_seen; a++) {
            for (size_t b = a + 1; b < n_seen; b++) {
                assert_string_not_equal(seen[a].name, seen[b].name);
                assert_ptr_not_equal(seen[a].data, seen[b].data);
            }
        }
    }
}

/* Everything about the arrays but their contents, and nothing about the header. */
static void the_hash_is_of_names_types_and_shapes(void **state) {
    (void)state;
    const struct mu_array good[3] = {{.name = MU_HEADER, .elem = MU_U8, .axes = 1, .shape = {9}},
                                     {.name = "queue", .elem = MU_U8, .axes = 1, .shape = {24}},
                                     {.name = "versions", .elem = MU_F64, .axes = 1, .shape = {0}}};
    const uint64_t hash = mu_checkpoint_names(3, good);
    for (int change = 0; change < 7; change++) {
        struct mu_array other[3];
        memcpy(other, good, sizeof other);
        switch (change) {
        case 0:
            other[1].name[0] ^= 1;
            break;
        case 1:
            other[2].elem = MU_I64;
            break;
        case 2:
            other[2].shape[0] = 1;
            break;
        case 3:
            other[1].axes = 0;
            break;
        case 4:
            other[1] = good[2];
            other[2] = good[1];
            break;
        case 5:
            other[2].name[7] = '\0';
            break;
        default:
            other[0].shape[0] = 10;
            break;
        }
        assert_true((mu_checkpoint_names(3, other) == hash) == (change == 6));
    }
    assert_true(mu_checkpoint_names(2, good) != hash);
    assert_true(mu_checkpoint_names(2, good + 1) == hash);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_interrupted_run_leaves_a_checkpoint),
        TEST(a_run_without_a_place_for_checkpoints_saves_none),
        TEST(a_paused_run_goes_on_to_the_same_end),
        TEST(the_last_two_are_kept),
        TEST(steps_are_counted_from_the_last_checkpoint),
        TEST(only_two_are_kept_however_often_a_run_is_resumed),
        TEST(what_claims_to_be_newer_goes),
        TEST(a_full_disk_leaves_the_checkpoint_before),
        TEST(vectors_on_a_full_disk),
        TEST(what_is_in_the_way_is_an_error),
        TEST(an_observer_that_cannot_be_saved_ends_the_run),
        TEST(regions_have_names_of_their_own),
        TEST(the_hash_is_of_names_types_and_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
