/* Going on from checkpoints: good ones, damaged ones, and those of something else. */
#include "support_gather.h"

#include <sys/stat.h>

#include "checkpoint.h"
#include "muster/base/file.h"
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

static void expect_same(const struct engine *whole, const struct engine *parts, const char *what, uint64_t number) {
    support_expect_ok(&parts->err);
    const char *const difference = part_difference(whole, parts);
    if (difference != NULL) {
        fail_msg("%s %llu: the %s differ", what, (unsigned long long)number, difference);
    }
}

/* Cuts a run after each of its events in turn. Returns how many there are. */
static uint64_t cut_everywhere(const struct engine_config *c) {
    struct engine *const whole = engine_of(c);
    uint64_t events = 0;
    for (bool ended = false; !ended; events++) {
        part.events = events + 1;
        struct engine *e = part_run(c, NULL);
        support_expect_ok(&e->err);
        ended = e->result.end != MU_END_INTERRUPTED;
        if (!ended) {
            part.events = 0;
            e = part_run(c, e);
            expect_same(whole, e, "event", events + 1);
            support_remove_dir(part.directory);
        }
        engine_free(e);
    }
    engine_free(whole);
    return events;
}

static void a_run_goes_on_from_any_event(void **state) {
    (void)state;
    static const struct mu_strategy *const strategies[] = {&gather_plain, &gather_vectors};
    for (size_t s = 0; s < 2; s++) {
        struct engine_config c = gather_config(strategies[s]);
        assert_in_range(cut_everywhere(&c), 3 * 12, 100);
        /* The last step is not the end, and has been evaluated when the end comes. */
        c.stop = "{\"time_s\": 7}";
        c.evaluate = "{\"every_steps\": 1, \"train\": \"full\"}";
        assert_in_range(cut_everywhere(&c), 10, 100);
    }
}

/* Adds every update to the direction as it comes, and steps after three: between two events a step may be half made. */
static int add_early(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct gather *const s = state;
    struct mu_err err = {.code = MU_OK};
    const struct mu_term term = {MU_TERM_UPDATE, update->job, 0, 1.0 / GATHER};
    MU_TRY(mu_sim_combine(sim, 0, s->jobs.n > 0 ? 1 : 0, 1, &term));
    assert_int_equal(mu_ints_push(&s->jobs, (int64_t)update->job, &err), MU_OK);
    if (s->jobs.n < GATHER) {
        return MU_OK;
    }
    MU_TRY(mu_sim_step(sim, 0));
    s->jobs.n = 0;
    for (size_t i = 0; i < GATHER; i++) {
        const mu_job job = (mu_job)s->jobs.v[i];
        const uint32_t client = mu_sim_update(sim, job)->client;
        MU_TRY(mu_sim_release(sim, job, true));
        MU_TRY(gather_dispatch(sim, client, false));
    }
    return MU_OK;
}

static void a_run_goes_on_in_the_middle_of_a_step(void **state) {
    (void)state;
    struct mu_strategy early = gather_plain;
    early.arrival = add_early;
    const struct engine_config c = gather_config(&early);
    assert_in_range(cut_everywhere(&c), 3 * 12, 100);
}

/* A run that dies, here of a record that cannot be written, has recorded more than its checkpoint knows of. */
static void a_run_that_dies_goes_on_from_its_last_checkpoint(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_vectors);
    struct engine *const whole = engine_of(&c);
    part.every_steps = 3;
    for (uint64_t dies = 4; dies <= 12; dies++) {
        part.fails_at_step = dies;
        struct engine *e = part_run(&c, NULL);
        support_expect_error(&e->err, MU_IO, "steps", "the disk is full");
        assert_int_equal(e->steps, dies);
        part.fails_at_step = dies + 1; /* and once more in the next part */
        e = part_run(&c, e);
        part.fails_at_step = 0;
        e = part_run(&c, e);
        expect_same(whole, e, "death at step", dies);
        engine_free(e);
        support_remove_dir(part.directory);
    }
    engine_free(whole);
}

static void without_a_checkpoint_the_run_starts(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_vectors);
    struct engine *const whole = engine_of(&c);
    for (int exists = 0; exists < 2; exists++) {
        struct mu_checkpointing checkpoint;
        struct engine *const e = part_new(&c, NULL, &checkpoint);
        checkpoint.resume = true;
        engine_run(e);
        expect_same(whole, e, "the directory is there", (uint64_t)exists);
        engine_free(e);
        if (exists == 0) {
            assert_int_equal(mkdir(part.directory, 0777), 0);
        }
    }
    engine_free(whole);
}

/* Two checkpoints of a run that was interrupted at events 20 and 25; the engine that made them, to go on from. */
static struct engine *make_two(const struct engine_config *c) {
    part.events = 20;
    struct engine *e = part_run(c, NULL);
    part.events = 5;
    e = part_run(c, e);
    support_expect_ok(&e->err);
    part.events = 0;
    char name[4][64];
    assert_int_equal(part_list(4, name), 2);
    return e;
}

/* The file of the older (0) or newer (1) checkpoint. */
static const char *file_of(size_t which, const char *name) {
    static char path[700];
    char list[2][64];
    assert_int_equal(part_list(2, list), 2);
    snprintf(path, sizeof path, "%s/%s/%s", part.directory, list[which], name);
    return path;
}

static size_t read_all(const char *path, char **bytes) {
    struct mu_err err = {.code = MU_OK};
    size_t n = 0;
    assert_int_equal(mu_file_read(path, 1 << 24, bytes, &n, &err), MU_OK);
    return n;
}

/* Runs to the end with what it warns of in text. */
static struct engine *run_listening(const struct engine_config *c, struct engine *before, char text[4096]) {
    FILE *const file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    const int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    struct engine *const e = part_run(c, before);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, 4095, file)] = '\0';
    fclose(file);
    return e;
}

static void expect_warning(const char *text, const char *path, const char *why) {
    if (strncmp(text, "muster: warning: ", 17) != 0 || strstr(text, path) == NULL || strstr(text, why) == NULL ||
        strchr(text, '\n') != text + strlen(text) - 1) {
        fail_msg("expected one warning of \"%s\": \"%s\", got: %s", path, why, text);
    }
}

/* One damage after the other to the newer checkpoint; each time the older one is taken, and the newer one named. */
static void a_damaged_checkpoint_is_named_and_the_one_before_taken(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_vectors);
    struct engine *const whole = engine_of(&c);
    struct engine *e = make_two(&c);
    static const char *const files[] = {"engine.npz", "vectors-0-0.npz"};
    char text[4096];
    for (size_t f = 0; f < 2; f++) {
        char *good = NULL;
        char path[700];
        snprintf(path, sizeof path, "%s", file_of(1, files[f]));
        const size_t n = read_all(path, &good);
        char *const bad = malloc(n);
        assert_non_null(bad);
        memcpy(bad, good, n);
        for (size_t i = 0; i < 200; i++) {
            bad[n / 2 + i] ^= 0x40;
        }
        support_write(path, bad, n); /* wrong bytes */
        e = run_listening(&c, e, text);
        expect_warning(text, path, "damaged");
        expect_same(whole, e, files[f], 1);
        support_write(path, good, n / 2); /* half of it */
        e = run_listening(&c, e, text);
        expect_warning(text, path, "damaged");
        expect_same(whole, e, files[f], 2);
        support_write(path, "", 0); /* nothing */
        e = run_listening(&c, e, text);
        expect_warning(text, path, "damaged");
        expect_same(whole, e, files[f], 3);
        assert_int_equal(unlink(path), 0); /* not even that */
        e = run_listening(&c, e, text);
        *strrchr(path, '/') = '\0';
        expect_warning(text, path, f == 0 ? "No such file" : "vectors of clients");
        path[strlen(path)] = '/';
        expect_same(whole, e, files[f], 4);
        support_write(path, good, n); /* whole again: no word */
        e = run_listening(&c, e, text);
        assert_string_equal(text, "");
        expect_same(whole, e, files[f], 5);
        free(bad);
        mu_free(good);
    }
    engine_free(e);
    engine_free(whole);
}

/* Whichever bit is wrong: it is noticed and the older checkpoint taken, or it is one that nobody reads. Never does a
 * run go on from something else than what was saved. */
static void no_wrong_bit_goes_unnoticed(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_vectors);
    struct engine *const whole = engine_of(&c);
    struct engine *e = make_two(&c);
    static const char *const files[] = {"engine.npz", "vectors-0-0.npz"};
    mu_log_silence(true);
    for (size_t f = 0; f < 2; f++) {
        char path[700], *bytes = NULL;
        snprintf(path, sizeof path, "%s", file_of(1, files[f]));
        const size_t n = read_all(path, &bytes);
        for (size_t at = 0; at < n; at += 7) { /* 7 and the fields' sizes have no common divisor */
            bytes[at] ^= (char)(1 << at % 8);
            support_write(path, bytes, n);
            e = part_run(&c, e);
            expect_same(whole, e, files[f], at);
            bytes[at] ^= (char)(1 << at % 8);
        }
        support_write(path, bytes, n);
        mu_free(bytes);
    }
    mu_log_silence(false);
    engine_free(e);
    engine_free(whole);
}

static void nowhere_to_go_on_from_is_an_error(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *e = make_two(&c);
    char text[4096];
    support_write(file_of(0, "engine.npz"), "x", 1);
    support_write(file_of(1, "engine.npz"), "x", 1);
    e = run_listening(&c, e, text);
    assert_non_null(strstr(text, "event-000000000000020"));
    assert_non_null(strstr(text, "event-000000000000025"));
    assert_non_null(strstr(e->err.help, "--force"));
    support_expect_error(&e->err, MU_IO, part.directory, "every checkpoint is damaged");
    char name[4][64];
    assert_int_equal(part_list(4, name), 2); /* they are left: somebody may know better */
    engine_free(e);
}

static void what_a_killed_process_was_writing_is_swept(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *const whole = engine_of(&c);
    struct engine *e = make_two(&c);
    char path[700], name[4][64];
    snprintf(path, sizeof path, "%s/" MU_WRITING "step-000000000009-event-000000000000026", part.directory);
    assert_int_equal(mkdir(path, 0777), 0);
    strcat(path, "/engine.npz.tmp-1-0");
    support_write(path, "half", 4);
    /* And one that it had not come to remove. */
    snprintf(path, sizeof path, "%s/" MU_CHECKPOINT_PREFIX "000000000000-event-000000000000001", part.directory);
    assert_int_equal(mkdir(path, 0777), 0);
    e = part_run(&c, e);
    expect_same(whole, e, "swept", 0);
    assert_int_equal(part_list(4, name), 2);
    assert_int_equal(strncmp(name[1], MU_CHECKPOINT_PREFIX, 5), 0);
    engine_free(e);
    engine_free(whole);
}

static void a_checkpoint_of_another_config_is_refused(void **state) {
    (void)state;
    struct engine_config c = gather_config(&gather_plain);
    struct engine *e = make_two(&c);
    part.identity[0] ^= 1;
    e = part_run(&c, e);
    assert_non_null(strstr(e->err.help, "config.json"));
    support_expect_error(&e->err, MU_BAD_CONFIG, "event-000000000000025", "another config");
    part.identity[0] ^= 1;
    c.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6, -4, 0.1]}"; /* a model of another size */
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_BAD_CONFIG, "event-000000000000025", "another config");
    c.data = "{\"source\": \"quadratic\", \"targets\": [[1, -1], [2, 0.5], [6, 3], [-4, 0]]}";
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_BAD_CONFIG, "event-000000000000025", "the data have changed");
    engine_free(e);
}

/* A checkpoint with something changed, but whole: the header is made to fit. */
struct opened {
    char path[700];
    size_t n;
    struct mu_array *array;
    struct mu_checkpoint_header header;
};

static struct mu_array *find_in(const struct opened *o, const char *name) {
    for (size_t i = 0; i < o->n; i++) {
        if (strcmp(o->array[i].name, name) == 0) {
            return &o->array[i];
        }
    }
    fail_msg("there is no array \"%s\"", name);
    abort();
}

static struct opened open_newest(void) {
    struct mu_err err = {.code = MU_OK};
    struct opened o;
    snprintf(o.path, sizeof o.path, "%s", file_of(1, "engine.npz"));
    assert_int_equal(mu_npz_read(o.path, &o.n, &o.array, &err), MU_OK);
    memcpy(&o.header, find_in(&o, MU_HEADER)->data, sizeof o.header);
    return o;
}

static void close_newest(struct opened *o) {
    struct mu_err err = {.code = MU_OK};
    o->header.arrays = o->n;
    o->header.names = mu_checkpoint_names(o->n, o->array);
    memcpy(find_in(o, MU_HEADER)->data, &o->header, sizeof o->header);
    assert_int_equal(mu_npz_write(o->path, o->n, o->array, &err), MU_OK);
    mu_npz_free(o->n, o->array);
}

static void a_checkpoint_of_another_version_is_refused(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *const whole = engine_of(&c);
    struct engine *e = make_two(&c);
    struct opened o = open_newest();
    close_newest(&o); /* the control: unchanged it is taken */
    e = part_run(&c, e);
    expect_same(whole, e, "unchanged", 0);
    o = open_newest();
    const struct mu_checkpoint_header good = o.header;
    snprintf(o.header.version, sizeof o.header.version, "9.8.7");
    close_newest(&o);
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_BAD_CONFIG, "event-000000000000025", "a checkpoint of muster 9.8.7");
    o = open_newest();
    o.header = good;
    o.header.format++;
    close_newest(&o);
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_BAD_CONFIG, "event-000000000000025", "a checkpoint of muster");
    o = open_newest();
    o.header = good;
    find_in(&o, MU_HEADER)->shape[0] -= 8; /* as if the header had grown since */
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_npz_write(o.path, o.n, o.array, &err), MU_OK);
    mu_npz_free(o.n, o.array);
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_BAD_CONFIG, "event-000000000000025", "not a checkpoint of this version");
    engine_free(e);
    engine_free(whole);
}

/* Arrays that do not fit the run, although nothing is damaged: our own mistake, but not one to go on with. */
static void arrays_that_do_not_fit_are_refused(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *e = make_two(&c);
    static const char *const names[] = {"order", "client", "slot0.direction", "slot0.moment1", "now_ns"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct opened missing = open_newest();
        strcpy(find_in(&missing, names[i])->name, "other");
        close_newest(&missing);
        e = part_run(&c, e);
        support_expect_error(&e->err, MU_IO, "event-000000000000025", names[i]);
        missing = open_newest();
        strcpy(find_in(&missing, "other")->name, names[i]);
        close_newest(&missing);
    }
    struct opened o = open_newest();
    ((uint32_t *)find_in(&o, "order")->data)[0] = 5; /* a client that there is not */
    close_newest(&o);
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_IO, "event-000000000000025", "\"order\"");
    o = open_newest();
    ((uint32_t *)find_in(&o, "order")->data)[0] = 0;
    struct mu_saved_job *const job = find_in(&o, "jobs")->data;
    job->version += 1000; /* that nobody has kept */
    close_newest(&o);
    e = part_run(&c, e);
    support_expect_error(&e->err, MU_IO, "event-000000000000025", "\"jobs\"");
    engine_free(e);
}

/* An update that had arrived is trained again, and what it came to is known: data or a build that have changed since
 * show. */
static void an_update_that_comes_out_different_ends_the_run(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct engine *e = make_two(&c);
    size_t arrived = 0;
    for (int tries = 0; arrived == 0; tries++) { /* until one waits in the buffer */
        assert_in_range(tries, 0, 3);
        part.events = 1;
        e = part_run(&c, e);
        support_expect_ok(&e->err);
        struct opened o = open_newest();
        struct mu_array *const array = find_in(&o, "jobs");
        struct mu_saved_job *const job = array->data;
        for (size_t i = 0; i < mu_array_count(array) / sizeof *job; i++) {
            if (job[i].arrived) {
                job[i].result.norm = nextafter(job[i].result.norm, 1e9);
                arrived++;
            }
        }
        close_newest(&o);
    }
    e = part_run(&c, e);
    assert_non_null(strstr(e->err.help, "the data"));
    support_expect_error(&e->err, MU_BAD_CONFIG, "test", "gives another update than before the resume");
    engine_free(e);
}

static int cannot_restore(void *context, const void *state, size_t n, struct mu_err *err) {
    (void)context, (void)state, (void)n;
    return mu_fail(err, MU_IO, "steps.jsonl", "is shorter than it was");
}

static void an_observer_that_cannot_be_restored_ends_the_run(void **state) {
    (void)state;
    const struct engine_config c = gather_config(&gather_plain);
    struct mu_checkpointing checkpoint;
    struct engine *const e = part_new(&c, make_two(&c), &checkpoint);
    e->observer.restore = cannot_restore;
    assert_int_equal(engine_run(e), MU_IO);
    support_expect_error(&e->err, MU_IO, "steps.jsonl", "is shorter");
    assert_null(e->result.model);
    engine_free(e);
}

/* The counts by which a run that gets nowhere is recognised are part of it: cut into pieces, it is recognised at the
 * same job. */
static void a_run_that_gets_nowhere_is_recognised_across_parts(void **state) {
    (void)state;
    struct engine_config c = gather_config(&gather_plain);
    c.world = "{\"duration_s\": 1, \"dropout\": 1}";
    struct engine *const whole = engine_new(&c);
    assert_int_equal(engine_run(whole), MU_BAD_CONFIG);
    struct engine *e = NULL;
    do {
        part.events = 4001;
        e = part_run(&c, e);
    } while (e->err.code == MU_OK);
    assert_string_equal(e->err.text, whole->err.text); /* it says how many jobs, at what time */
    assert_non_null(strstr(e->err.text, "gets nowhere"));
    engine_free(e);
    engine_free(whole);
}

static int start_nothing(void *state, struct mu_sim *sim) {
    (void)state, (void)sim;
    return MU_OK;
}

/* So is the count by which one is recognised that never will: clients come and go, and nobody gives them work. */
static void a_run_that_stalls_is_recognised_across_parts(void **state) {
    (void)state;
    struct mu_strategy idle = gather_plain;
    idle.start = start_nothing;
    struct engine_config c = gather_config(&idle);
    c.world = "{\"duration_s\": 1, \"availability\": {\"kind\": \"on_off\", \"on_s\": 2, \"off_s\": 1}}";
    struct engine *const whole = engine_new(&c);
    assert_int_equal(engine_run(whole), MU_BAD_CONFIG);
    struct engine *e = NULL;
    do {
        part.events = 601;
        e = part_run(&c, e);
    } while (e->err.code == MU_OK);
    assert_string_equal(e->err.text, whole->err.text); /* it says at what time */
    assert_non_null(strstr(e->err.text, "stalled"));
    engine_free(e);
    engine_free(whole);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_run_goes_on_from_any_event),
        TEST(a_run_goes_on_in_the_middle_of_a_step),
        TEST(a_run_that_dies_goes_on_from_its_last_checkpoint),
        TEST(without_a_checkpoint_the_run_starts),
        TEST(a_damaged_checkpoint_is_named_and_the_one_before_taken),
        TEST(no_wrong_bit_goes_unnoticed),
        TEST(nowhere_to_go_on_from_is_an_error),
        TEST(what_a_killed_process_was_writing_is_swept),
        TEST(a_checkpoint_of_another_config_is_refused),
        TEST(a_checkpoint_of_another_version_is_refused),
        TEST(arrays_that_do_not_fit_are_refused),
        TEST(an_update_that_comes_out_different_ends_the_run),
        TEST(an_observer_that_cannot_be_restored_ends_the_run),
        TEST(a_run_that_gets_nowhere_is_recognised_across_parts),
        TEST(a_run_that_stalls_is_recognised_across_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
