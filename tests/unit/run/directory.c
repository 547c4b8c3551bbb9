/* The result directory before a run: what may be overwritten, what can be resumed, and that nobody else is at it. */
#include "support_run.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "directory.h"
#include "muster/base/clock.h"

static struct mu_scenario scenario;

#define CONFIG                                                                                            \
    "{\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6]}, \"model\": {\"kind\": \"vector\"}, " \
    "\"stop\": {\"steps\": 30}, \"evaluate\": {\"every_steps\": 5}, \"output\": {\"trace\": true, "       \
    "\"checkpoint_every_steps\": 4}}"

static int set_up(void **state) {
    struct mu_err err = {.code = MU_OK};
    run_set_up(state);
    run_read(CONFIG, &scenario, &err);
    support_expect_ok(&err);
    return 0;
}

static int tear_down(void **state) {
    mu_scenario_clear(&scenario);
    return run_tear_down(state);
}

static int asked;
static bool stop_at_tenth(void *context) {
    (void)context;
    return ++asked >= 10;
}

static const struct mu_run_options resume = {.progress = MU_PROGRESS_QUIET, .resume = true};

/* Interrupted after ten events, with a checkpoint. */
static void leave(const char *directory) {
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    const struct mu_run_options o = {.progress = MU_PROGRESS_QUIET, .interrupted = stop_at_tenth};
    asked = 0;
    run_with(CONFIG, directory, &o, &r, &err);
    support_expect_ok(&err);
    assert_int_equal(r.end, MU_END_INTERRUPTED);
    assert_true(r.saved);
}

static void what_was_left_is_found(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_past past;
    assert_int_equal(mu_directory_look_back(run_path("none"), &scenario, &past, &err), MU_OK);
    assert_false(past.saved || past.done);
    leave("run");
    assert_int_equal(mu_directory_look_back(run_path("run"), &scenario, &past, &err), MU_OK);
    assert_true(past.saved);
    assert_false(past.done);
    assert_true(past.step > 0 && past.step < 30);
    assert_int_equal(past.resumes, 0);
    assert_true(past.start_time > 1700000000 && past.start_time <= (int64_t)time(NULL));
    struct mu_run_result r;
    run_with(CONFIG, "run", &resume, &r, &err);
    support_expect_ok(&err);
    assert_int_equal(r.end, MU_END_STEPS);
    assert_int_equal(mu_directory_look_back(run_path("run"), &scenario, &past, &err), MU_OK);
    assert_true(past.done);
    assert_int_equal(run_with(CONFIG, "run", &resume, &r, &err), MU_OK);
    assert_true(r.already_done);
}

static void another_config_is_refused(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_past past;
    leave("run");
    scenario.seed++;
    assert_int_equal(mu_directory_look_back(run_path("run"), &scenario, &past, &err), MU_BAD_CONFIG);
    assert_non_null(strstr(err.help, "--set"));
    support_expect_error(&err, MU_BAD_CONFIG, "/run/config.json", "another config");
}

/* Puts another string into a file of JSON. */
static void set_string(const char *name, const char *key, const char *value) {
    cJSON *const json = run_json(name);
    assert_non_null(cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(json, key), value));
    char *const text = cJSON_Print(json);
    assert_non_null(text);
    support_write(run_path(name), text, strlen(text));
    free(text);
    cJSON_Delete(json);
}

/* GEMMs of another kernel have other bits; who mixes kernels has said so from the start. */
static void another_kernel_is_refused(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_past past;
    leave("run");
    set_string("run/manifest.json", "blas_kernel", "Abacus");
    assert_int_equal(mu_directory_look_back(run_path("run"), &scenario, &past, &err), MU_BAD_CONFIG);
    assert_non_null(strstr(err.help, "OPENBLAS_CORETYPE"));
    support_expect_error(&err, MU_BAD_CONFIG, "/run", "Abacus");
    scenario.allow_mixed_kernels = true;
    assert_int_equal(mu_directory_look_back(run_path("run"), &scenario, &past, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "config.json", "another config"); /* it had to say so from the start */
    scenario.allow_mixed_kernels = false;
    /* Without its manifest a run can go on: it is not known to have been another kernel. */
    assert_int_equal(unlink(run_path("run/manifest.json")), 0);
    assert_int_equal(mu_directory_look_back(run_path("run"), &scenario, &past, &err), MU_OK);
    assert_int_equal(past.start_time, 0);
    struct mu_run_result r;
    run_with(CONFIG, "run", &resume, &r, &err);
    support_expect_ok(&err);
    cJSON *const json = run_json("run/manifest.json");
    assert_true(strlen(run_string(json, "start")) == 20);
    cJSON_Delete(json);
}

static void other_files_are_not_a_run(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_past past;
    assert_int_equal(mkdir(run_path("dir"), 0777), 0);
    assert_int_equal(mu_directory_look_back(run_path("dir"), &scenario, &past, &err), MU_OK);
    /* What a run that was killed at its very start may have left. */
    static const char *const ours[] = {"manifest.json", "config.json.tmp-123-0", "model.npz.tmp-9-0.abc"};
    for (size_t i = 0; i < 3; i++) {
        char name[100];
        snprintf(name, sizeof name, "dir/%s", ours[i]);
        support_write(run_path(name), "x", 1);
    }
    assert_int_equal(mu_directory_look_back(run_path("dir"), &scenario, &past, &err), MU_OK);
    support_write(run_path("dir/manifest.json.bak"), "x", 1);
    assert_int_equal(mu_directory_look_back(run_path("dir"), &scenario, &past, &err), MU_IO);
    support_expect_error(&err, MU_IO, "/dir", "manifest.json.bak");
    struct mu_run_result r;
    assert_int_equal(run_with(CONFIG, "dir", &resume, &r, &err), MU_IO);
    assert_true(run_exists("dir/manifest.json.bak") && run_exists("dir/manifest.json"));
}

static void half_written_files_are_swept(void **state) {
    (void)state;
    static const char *const half[] = {"dir/status.json.tmp-123-0", "dir/model.npz.tmp-1-0.x7Yz"};
    static const char *const kept[] = {"dir/status.json", "dir/status.json.tmp", "dir/my.tmp-1-0", "dir/.tmp-1"};
    assert_int_equal(mkdir(run_path("dir"), 0777), 0);
    for (size_t i = 0; i < 4; i++) {
        support_write(run_path(kept[i]), "x", 1);
        support_write(run_path(half[i % 2]), "x", 1);
    }
    mu_directory_sweep(run_path("dir"));
    for (size_t i = 0; i < 4; i++) {
        assert_true(run_exists(kept[i]));
        assert_false(run_exists(half[i % 2]));
    }
    mu_directory_sweep(run_path("none"));
}

/* Instead of the C library's. */
static int syncs, sync_errno;
int fsync(int file) {
    (void)file;
    syncs++;
    errno = sync_errno;
    return sync_errno != 0 ? -1 : 0;
}

static void settling_waits_for_each_result_file(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mkdir(run_path("dir"), 0777), 0);
    support_write(run_path("dir/summary.json"), "x", 1);
    support_write(run_path("dir/model.npz"), "x", 1);
    support_write(run_path("dir/notes.txt"), "x", 1);
    assert_int_equal(mkfifo(run_path("dir/trace.jsonl"), 0666), 0);
    syncs = 0;
    assert_int_equal(mu_directory_settle(run_path("dir"), &err), MU_OK);
    assert_int_equal(syncs, 3);
    sync_errno = EINVAL; /* a file system that knows no such thing */
    assert_int_equal(mu_directory_settle(run_path("dir"), &err), MU_OK);
    sync_errno = ENOSPC;
    assert_int_equal(mu_directory_settle(run_path("dir"), &err), MU_IO);
    support_expect_error(&err, MU_IO, "dir/", "No space left on device");
    sync_errno = 0;
}

static void clearing_takes_results_and_checkpoints_alone(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    leave("run");
    support_write(run_path("run/notes.txt"), "x", 1);
    assert_int_equal(mu_directory_clear(run_path("run"), &err), MU_OK);
    assert_true(run_exists("run/notes.txt"));
    static const char *const gone[] = {"run/config.json", "run/checkpoint", "run/metrics.csv", "run/status.json",
                                       "run/summary.json"};
    for (size_t i = 0; i < 5; i++) {
        assert_false(run_exists(gone[i]));
    }
    assert_int_equal(mu_directory_clear(run_path("a/b"), &err), MU_OK);
    assert_true(run_exists("a/b"));
}

/* A process that holds the lock for so many milliseconds. */
static pid_t hold(const char *directory, long ms) {
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct mu_err err = {.code = MU_OK};
        int lock;
        const int code = mu_directory_lock(directory, 0, &lock, &err);
        const ssize_t told = write(ready[1], "x", 1);
        const struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        nanosleep(&nap, NULL);
        _exit(code != MU_OK || lock < 0 || told != 1);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void expect_ended(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_directory_belongs_to_one_process(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    int lock;
    assert_int_equal(mkdir(run_path("dir"), 0777), 0);
    pid_t pid = hold(run_path("dir"), 10000);
    assert_int_equal(mu_directory_lock(run_path("dir"), 0, &lock, &err), MU_IO);
    assert_int_equal(lock, -1);
    support_expect_error(&err, MU_IO, "/dir", "another muster is writing");
    kill(pid, SIGKILL); /* what is killed holds nothing any more */
    waitpid(pid, NULL, 0);
    assert_int_equal(mu_directory_lock(run_path("dir"), 0, &lock, &err), MU_OK);
    assert_true(lock >= 0);
    mu_directory_unlock(lock);
    /* One that is about to end is waited for. */
    pid = hold(run_path("dir"), 100);
    assert_int_equal(mu_directory_lock(run_path("dir"), 20, &lock, &err), MU_OK);
    assert_true(lock >= 0);
    mu_directory_unlock(lock);
    expect_ended(pid);
    support_expect_ok(&err);
}

static void what_is_not_there_cannot_be_locked(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    int lock = 5;
    assert_int_equal(mu_directory_lock(run_path("none"), 0, &lock, &err), MU_OK);
    assert_int_equal(lock, -1);
    mu_directory_unlock(lock);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_left_is_found),
        TEST(another_config_is_refused),
        TEST(another_kernel_is_refused),
        TEST(other_files_are_not_a_run),
        TEST(half_written_files_are_swept),
        TEST(settling_waits_for_each_result_file),
        TEST(clearing_takes_results_and_checkpoints_alone),
        TEST(a_directory_belongs_to_one_process),
        TEST(what_is_not_there_cannot_be_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
