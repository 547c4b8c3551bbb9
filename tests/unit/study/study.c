/* Whole studies on one rank, in this process or in several: what is left of points that broke, were killed or
 * interrupted, and what becomes of it on a resume. Many ranks: tests/scenario/sweep.py. */
#include "support_study.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "muster/study/plan.h"

#define BASE                                                                                                    \
    "\"base\":{\"data\":{\"source\":\"blobs\",\"clients\":8,\"samples\":200,\"test_samples\":50},\"model\":{"   \
    "\"kind\":\"softmax\"},\"client\":{\"optimizer\":{\"kind\":\"sgd\",\"lr\":0.1}},\"server\":{\"strategy\":{" \
    "\"kind\":\"fedavg\",\"cohort\":3}},\"evaluate\":{\"every_steps\":2},\"stop\":{\"steps\":12}}"
#define SWEEP "{" BASE ",\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[0.1,0.2,0.3]}],\"seeds\":2}"
/* A checkpoint waits for the disk, so there are few. */
#define LONG                                                                                                   \
    "{" BASE                                                                                                   \
    ",\"patches\":[{\"name\":\"long\",\"set\":{\"/stop/steps\":400,\"/output/checkpoint_every_steps\":150}}]," \
    "\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[0.1,0.2]}],\"seeds\":2}"

/* The caller's to cJSON_Delete. */
static cJSON *make_plan(const char *sweep) {
    struct mu_err err = {0};
    char *problems = NULL;
    cJSON *plan = NULL;
    support_write(study_path("sweep.json"), sweep, strlen(sweep));
    mu_plan_read(study_path("sweep.json"), &plan, &problems, &err);
    support_expect_ok(&err);
    return plan;
}

static int run_with(const char *sweep, struct mu_study_options options, struct mu_study_result *result,
                    struct mu_err *err) {
    struct mu_comm *comm = mu_comm_solo();
    cJSON *plan = make_plan(sweep);
    options.directory = study_path("out");
    const int code = mu_study_run(plan, &options, comm, result, err);
    mu_comm_stop(comm);
    cJSON_Delete(plan);
    return code;
}

static struct mu_study_result run_study(const char *sweep, struct mu_study_options options) {
    struct mu_study_result result;
    struct mu_err err = {0};
    run_with(sweep, options, &result, &err);
    support_expect_ok(&err);
    return result;
}

/* points.csv without its last column, the wall time; the caller's to free(). */
static char *read_rows(void) {
    char *rows = strdup(study_read("out/points.csv")), *out = rows;
    assert_non_null(rows);
    for (const char *line = rows; *line != '\0';) {
        const size_t n = strcspn(line, "\n");
        const char *last = memrchr(line, ',', n);
        const char *next = line + n + 1;
        memmove(out, line, (size_t)(last - line));
        out += last - line;
        *out++ = '\n';
        line = next;
    }
    *out = '\0';
    return rows;
}

static void expect_rows(const char *expected) {
    char *rows = read_rows();
    assert_string_equal(rows, expected);
    free(rows);
}

static bool exists(const char *name) {
    return access(study_path(name), F_OK) == 0;
}

static struct timespec changed(const char *name) {
    struct stat found;
    assert_int_equal(stat(study_path(name), &found), 0);
    return found.st_mtim;
}

static void a_study_runs_its_points_and_collects_them(void **state) {
    (void)state;
    const struct mu_study_result result = run_study(SWEEP, (struct mu_study_options){0});
    assert_int_equal(result.points, 6);
    assert_int_equal(result.done, 6);
    assert_int_equal(result.failed + result.missing, 0);
    assert_false(result.interrupted);
    static const char *const names[] = {"out/plan.json",
                                        "out/points.csv",
                                        "out/curves.csv",
                                        "out/study.sqlite",
                                        "out/statistics.json",
                                        "out/points/0.1-s1/summary.json",
                                        "out/points/0.3-s2/model.npz"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(exists(names[i]));
    }
    assert_false(exists("out/.claims")); /* nobody has to know any more who ran what */
}

static void a_study_that_is_there_is_not_overwritten(void **state) {
    (void)state;
    struct mu_study_result result;
    struct mu_err err = {0};
    run_study(SWEEP, (struct mu_study_options){0});
    const struct timespec before = changed("out/points/0.1-s1/summary.json");
    assert_int_equal(run_with(SWEEP, (struct mu_study_options){0}, &result, &err), MU_IO);
    assert_non_null(strstr(err.help, "--resume"));
    support_expect_error(&err, MU_IO, "out", "there is a study already");
    const struct timespec after = changed("out/points/0.1-s1/summary.json");
    assert_memory_equal(&before, &after, sizeof before);
    run_study(SWEEP, (struct mu_study_options){.force = true});
    const struct timespec forced = changed("out/points/0.1-s1/summary.json");
    assert_memory_not_equal(&before, &forced, sizeof before);
}

static void a_study_goes_on_only_with_its_own_plan(void **state) {
    (void)state;
    struct mu_study_result result;
    struct mu_err err = {0};
    run_study("{" BASE ",\"seeds\":2}", (struct mu_study_options){0});
    assert_int_equal(run_with("{" BASE ",\"seeds\":3}", (struct mu_study_options){.resume = true}, &result, &err),
                     MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "out", "another sweep");
    const struct mu_study_result same = run_study("{" BASE ",\"seeds\":2}", (struct mu_study_options){.resume = true});
    assert_int_equal(same.done, 2); /* the control */
}

static void put(const char *name, const char *text) {
    support_write(study_path(name), text, strlen(text));
}

/* Every way in which a point can be broken, and one that is whole. */
static void points_that_are_broken_are_run_again_on_a_resume(void **state) {
    (void)state;
    run_study(SWEEP, (struct mu_study_options){0});
    char *whole = read_rows();
    const struct timespec kept = changed("out/points/0.1-s1/summary.json");
    const struct timespec redone = changed("out/points/0.1-s2/summary.json");
    put("out/points/0.1-s2/summary.json", "{\"final\":{\"step\":12"); /* cut off */
    put("out/points/0.2-s1/status.json", "{\"state\":\"runn");
    put("out/points/0.2-s2/config.json", "no config");
    support_remove_dir(study_path("out/points/0.3-s1"));
    put("out/points/0.3-s2/status.json", "{\"state\":\"running\",\"step\":6,\"time_s\":1,\"pid\":1}"); /* killed */
    assert_int_equal(unlink(study_path("out/points/0.3-s2/summary.json")), 0);
    const struct mu_study_result result = run_study(SWEEP, (struct mu_study_options){.resume = true});
    assert_int_equal(result.done, 6);
    expect_rows(whole);
    const struct timespec after = changed("out/points/0.1-s1/summary.json");
    assert_memory_equal(&kept, &after, sizeof kept); /* what was whole was left alone */
    const struct timespec anew = changed("out/points/0.1-s2/summary.json");
    assert_memory_not_equal(&redone, &anew, sizeof anew);
    free(whole);
}

static void a_failure_is_recorded_and_tried_again(void **state) {
    (void)state;
    static const char *const sweep = "{" BASE ",\"axes\":[{\"path\":\"/server/strategy/cohort\",\"values\":[3,9]}]}";
    for (int turn = 0; turn < 2; turn++) {
        const struct mu_study_result result = run_study(sweep, (struct mu_study_options){.resume = turn == 1});
        assert_int_equal(result.done, 1);
        assert_int_equal(result.failed, 1); /* a cohort of 9 among 8 clients */
        cJSON *status = study_json(study_read("out/points/9/status.json"));
        assert_string_equal(cJSON_GetObjectItemCaseSensitive(status, "state")->valuestring, "failed");
        const cJSON *error = cJSON_GetObjectItemCaseSensitive(status, "error");
        assert_int_equal(cJSON_GetObjectItemCaseSensitive(error, "code")->valueint, MU_BAD_CONFIG);
        assert_non_null(
            strstr(cJSON_GetObjectItemCaseSensitive(error, "place")->valuestring, "/server/strategy/cohort"));
        cJSON_Delete(status);
    }
}

/* It would again: a run is a function of its config. */
static void a_point_that_diverged_is_not_run_again(void **state) {
    (void)state;
    static const char *const sweep =
        "{" BASE ",\"patches\":[{\"name\":\"cool\",\"set\":{}},{\"name\":\"hot\",\"set\":{\"/model\":{\"kind\":\"mlp\","
        "\"hidden\":[16]},\"/client/optimizer/lr\":1e9,\"/stop/steps\":60}}]}";
    run_study(sweep, (struct mu_study_options){0});
    const struct timespec then = changed("out/points/hot/status.json");
    char *rows = read_rows();
    assert_non_null(strstr(rows, "\nhot,hot,1,"));
    assert_non_null(strstr(rows, ",diverged,"));
    const struct mu_study_result result = run_study(sweep, (struct mu_study_options){.resume = true});
    assert_int_equal(result.done, 1);
    assert_int_equal(result.failed, 1);
    const struct timespec now = changed("out/points/hot/status.json");
    assert_memory_equal(&then, &now, sizeof then);
    expect_rows(rows);
    free(rows);
}

static int asked; /* how often; the study has nothing that it could pass to the question */
static bool after_a_while(void *context) {
    (void)context;
    return ++asked > 100;
}

static void an_interrupted_study_goes_on(void **state) {
    (void)state;
    run_study(LONG, (struct mu_study_options){0});
    char *whole = read_rows();
    asked = 0;
    struct mu_study_result result =
        run_study(LONG, (struct mu_study_options){.force = true, .interrupted = after_a_while});
    assert_true(result.interrupted);
    assert_int_equal(result.missing + result.done, 4);
    assert_true(result.missing > 0);
    char *part = read_rows();
    assert_string_not_equal(part, whole);
    result = run_study(LONG, (struct mu_study_options){.resume = true});
    assert_int_equal(result.done, 4);
    expect_rows(whole);
    free(whole);
    free(part);
}

/* Another process, which is killed once the first point is done. */
static void a_killed_study_goes_on(void **state) {
    (void)state;
    run_study(LONG, (struct mu_study_options){0});
    char *whole = read_rows();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct mu_study_result result;
        struct mu_err err = {0};
        run_with(LONG, (struct mu_study_options){.force = true}, &result, &err);
        _exit(0);
    }
    usleep(20000); /* until the old results are gone */
    for (int i = 0; i < 10000 && !exists("out/points/long-0.1-s1/summary.json"); i++) {
        usleep(1000);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    const struct mu_study_result result = run_study(LONG, (struct mu_study_options){.resume = true});
    assert_int_equal(result.done, 4);
    expect_rows(whole);
    free(whole);
}

static void a_crew_has_the_results_of_one(void **state) {
    (void)state;
    run_study(SWEEP, (struct mu_study_options){0});
    char *alone = read_rows();
    const struct mu_study_result result = run_study(SWEEP, (struct mu_study_options){.force = true, .processes = 3});
    assert_int_equal(result.done, 6);
    expect_rows(alone);
    free(alone);
}

static pid_t caller;
static atomic_int *victims; /* of all processes: how many are to die */

/* Not before a point, but at one of its events; and never the caller, who takes its time so that each gets a point. */
static bool die_within_a_point(void *context) {
    (void)context;
    if (getpid() == caller) {
        usleep(2000);
    } else if (++asked == 4 && atomic_fetch_sub(victims, 1) > 0) {
        raise(SIGKILL);
    }
    return false;
}

static bool stop_in_a_member(void *context) {
    (void)context;
    return getpid() != caller && ++asked > 50;
}

static void a_process_that_dies_costs_its_point(void **state) {
    (void)state;
    run_study(SWEEP, (struct mu_study_options){0});
    char *whole = read_rows();
    caller = getpid();
    asked = 0;
    victims = mmap(NULL, sizeof *victims, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(victims != MAP_FAILED);
    for (int deaths = 1; deaths <= 2; deaths++) { /* of the two beside the caller */
        atomic_store(victims, deaths);
        struct mu_study_result result = run_study(
            SWEEP, (struct mu_study_options){.force = true, .processes = 3, .interrupted = die_within_a_point});
        assert_false(result.interrupted);
        assert_int_equal(result.failed, deaths);
        assert_int_equal(result.done, 6 - deaths);
        char *rows = read_rows();
        assert_non_null(strstr(rows, "was killed by signal 9 (Killed)"));
        free(rows);
        result = run_study(SWEEP, (struct mu_study_options){.resume = true, .processes = 3});
        assert_int_equal(result.done, 6);
        expect_rows(whole);
    }
    munmap(victims, sizeof *victims);
    free(whole);
}

/* Points that wait at a rung for one that died go on without it. */
static void nobody_waits_at_a_rung_for_the_dead(void **state) {
    (void)state;
    static const char *const sweep =
        "{" BASE ",\"axes\":[{\"path\":\"/client/optimizer/lr\",\"values\":[0.1,0.2,0.3]}],\"seeds\":2,"
        "\"early_stopping\":{\"rungs\":[4],\"eta\":3}}";
    caller = getpid();
    asked = 0;
    victims = mmap(NULL, sizeof *victims, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(victims != MAP_FAILED);
    atomic_store(victims, 1);
    const struct mu_study_result result =
        run_study(sweep, (struct mu_study_options){.processes = 2, .interrupted = die_within_a_point});
    munmap(victims, sizeof *victims);
    assert_int_equal(result.failed, 1);
    assert_int_equal(result.done, 2); /* the best of each seed */
    assert_int_equal(result.stopped, 3);
    assert_int_equal(result.missing, 0);
}

static void a_member_that_is_asked_to_stop_stops_all(void **state) {
    (void)state;
    run_study(LONG, (struct mu_study_options){0});
    char *whole = read_rows();
    caller = getpid();
    asked = 0;
    struct mu_study_result result =
        run_study(LONG, (struct mu_study_options){.force = true, .processes = 2, .interrupted = stop_in_a_member});
    assert_true(result.interrupted);
    assert_true(result.missing > 0);
    result = run_study(LONG, (struct mu_study_options){.resume = true, .processes = 2});
    assert_int_equal(result.done, 4);
    expect_rows(whole);
    free(whole);
}

struct seen {
    size_t calls, points, done;
    bool ended;
};

static void look(void *seen_, const struct mu_watch_view *view) {
    struct seen *seen = seen_;
    seen->calls++;
    seen->points = view->points;
    seen->done = view->done;
    seen->ended = view->ended;
}

static void whoever_watches_sees_the_end(void **state) {
    (void)state;
    struct seen seen = {0};
    for (int processes = 1; processes <= 2; processes++) {
        seen = (struct seen){0};
        run_study(SWEEP,
                  (struct mu_study_options){.force = true, .processes = processes, .progress = look, .context = &seen});
        assert_true(seen.calls >= 1);
        assert_int_equal(seen.points, 6);
        assert_int_equal(seen.done, 6);
        assert_true(seen.ended);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_study_runs_its_points_and_collects_them, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_study_that_is_there_is_not_overwritten, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_study_goes_on_only_with_its_own_plan, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(points_that_are_broken_are_run_again_on_a_resume, study_set_up,
                                        study_tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_recorded_and_tried_again, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_point_that_diverged_is_not_run_again, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_study_goes_on, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_killed_study_goes_on, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_crew_has_the_results_of_one, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_process_that_dies_costs_its_point, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(nobody_waits_at_a_rung_for_the_dead, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_member_that_is_asked_to_stop_stops_all, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(whoever_watches_sees_the_end, study_set_up, study_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
