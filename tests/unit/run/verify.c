/* A sound run passes; each invariant is broken once in its files, and found. The run: four clients, jobs of 1 s to 4 s,
 * fedbuff with two in the buffer and three in flight. */
#include "support_run.h"

#include "verify.h"

#define RUN                                                                                                  \
    "{\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6, 3]}, \"model\": {\"kind\": \"vector\"}, " \
    "\"client\": {\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}}, "                                        \
    "\"server\": {\"strategy\": {\"kind\": \"fedbuff\", \"buffer_size\": 2, \"concurrency\": 3}}, "          \
    "\"world\": {\"duration_s\": [1, 2, 3, 4], \"duration_per\": \"client\", \"dropout\": 0.2}, "            \
    "\"stop\": {\"steps\": 12}, \"evaluate\": {\"every_steps\": 4}, \"output\": {\"steps\": true, \"trace\": true}}"

/* Runs, and leaves the results in scratch/run. */
static int set_up(void **state) {
    run_set_up(state);
    (void)run_of(RUN, "run");
    return 0;
}

static int verify_as(const char *config, struct mu_verified *found, struct mu_err *err) {
    struct mu_scenario scenario = {0};
    struct mu_stage stage;
    struct mu_comm *const comm = mu_comm_solo();
    run_read(config, &scenario, err);
    support_expect_ok(err);
    mu_stage_new(&stage, "config.json", &scenario, comm, err);
    support_expect_ok(err);
    const int code = mu_verify(run_path("run"), &stage, found, err);
    mu_stage_clear(&stage);
    mu_scenario_clear(&scenario);
    mu_comm_stop(comm);
    return code;
}

static void a_sound_run_passes(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_verified found;
    assert_int_equal(verify_as(RUN, &found, &err), MU_OK);
    assert_int_equal(found.steps, 12);
    assert_int_equal(found.evaluations, 4);
    assert_true(found.jobs >= 24);
}

static void expect_broken(const char *config, const char *file, size_t line, const char *text) {
    struct mu_err err = {.code = MU_OK};
    struct mu_verified found;
    char place[700];
    assert_int_equal(verify_as(config, &found, &err), MU_IO);
    snprintf(place, sizeof place, line > 0 ? "%s/%s:%zu" : "%s/%s", run_path("run"), file, line);
    if (strcmp(err.place, place) != 0 || strstr(err.text, text) == NULL) {
        fail_msg("expected \"%s\" at %s, got \"%s\" at %s", text, place, err.text, err.place);
    }
}

/* Rewrites a file of the run with line `line` (from 1) replaced; NULL removes it. Returns the old text. */
static char *replace_line(const char *file, size_t line, const char *with) {
    char name[64];
    snprintf(name, sizeof name, "run/%s", file);
    char *const text = run_text(name);
    char *const changed = calloc(strlen(text) + 2000, 1);
    size_t at = 1;
    for (const char *from = text, *end; *from != '\0'; from = end, at++) {
        end = from + strcspn(from, "\n");
        end += *end == '\n';
        if (at != line) {
            strncat(changed, from, (size_t)(end - from));
        } else if (with != NULL) {
            strcat(strcat(changed, with), "\n");
        }
    }
    support_write(run_path(name), changed, strlen(changed));
    free(changed);
    return text;
}

static void put_back(const char *file, char *text) {
    char name[64];
    snprintf(name, sizeof name, "run/%s", file);
    support_write(run_path(name), text, strlen(text));
    mu_free(text);
}

/* The text of a line, the caller's to free. */
static char *line_of(const char *file, size_t line) {
    char name[64];
    snprintf(name, sizeof name, "run/%s", file);
    char *const text = run_text(name), *at = text;
    for (; line > 1; line--) {
        at = strchr(at, '\n') + 1;
    }
    at[strcspn(at, "\n")] = '\0';
    char *const copy = strdup(at);
    mu_free(text);
    return copy;
}

/* Sets a member of a line's record to a number (or an element of its array) and expects that to be found there. */
static void set_number(cJSON *record, const char *key, int element, double value) {
    cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    item = element >= 0 ? cJSON_GetArrayItem(item, element) : item;
    assert_true(cJSON_IsNumber(item));
    cJSON_SetNumberValue(item, value);
}

static void expect_found(const char *file, size_t line, const char *key, int element, double value, const char *in,
                         size_t at, const char *text) {
    char *const old_line = line_of(file, line);
    cJSON *const record = cJSON_Parse(old_line);
    set_number(record, key, element, value);
    char *const changed = cJSON_PrintUnformatted(record);
    char *const old = replace_line(file, line, changed);
    expect_broken(RUN, in, at, text);
    put_back(file, old);
    cJSON_free(changed);
    cJSON_Delete(record);
    free(old_line);
}

static double value_of(const char *file, size_t line, const char *key, int element) {
    char *const text = line_of(file, line);
    cJSON *const record = cJSON_Parse(text);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    const double value = (element >= 0 ? cJSON_GetArrayItem(item, element) : item)->valuedouble;
    cJSON_Delete(record);
    free(text);
    return value;
}

/* The line of the trace on which the n-th job with this status stands, from 1. */
static size_t line_with(const char *status, size_t n) {
    cJSON *const trace = run_lines("run/trace.jsonl");
    size_t line = 0;
    for (const cJSON *r = trace->child; r != NULL; r = r->next) {
        line++;
        if (strcmp(run_string(r, "status"), status) == 0 && --n == 0) {
            cJSON_Delete(trace);
            return line;
        }
    }
    fail_msg("no job is %s", status);
    return 0;
}

static void a_duration_that_is_not_the_worlds_is_found(void **state) {
    (void)state;
    const size_t line = line_with("used", 3);
    const double arrive = value_of("trace.jsonl", line, "arrive_s", -1);
    /* A microsecond less; a tenth of a nanosecond is nothing. */
    expect_found("trace.jsonl", line, "arrive_s", -1, arrive - 1e-6, "trace.jsonl", line, "dispatch and duration are");
}

static void time_that_runs_back_is_found(void **state) {
    (void)state;
    expect_found("trace.jsonl", 6, "arrive_s", -1, 0, "trace.jsonl", 6, "time runs back");
    expect_found("trace.jsonl", 6, "end_s", -1, 0, "trace.jsonl", 6, "time runs back");
    const double later = value_of("steps.jsonl", 8, "time_s", -1) + 1;
    expect_found("steps.jsonl", 7, "time_s", -1, later, "steps.jsonl", 8, "time runs back");
    const double early = value_of("steps.jsonl", 7, "time_s", -1);
    expect_found("steps.jsonl", 8, "time_s", -1, early - 1, "steps.jsonl", 8, "");
    expect_found("metrics.jsonl", 3, "time_s", -1, 0.5, "metrics.jsonl", 3, "time runs back");
    expect_found("metrics.jsonl", 2, "time_s", -1, 1e6, "metrics.jsonl", 2, "is not a time between");
}

static void a_job_that_ends_twice_or_never_is_found(void **state) {
    (void)state;
    char *const line = line_of("trace.jsonl", 4);
    char twice[1000];
    snprintf(twice, sizeof twice, "%s\n%s", line, line);
    char *old = replace_line("trace.jsonl", 4, twice);
    expect_broken(RUN, "trace.jsonl", 5, "ends twice; first in line 4");
    put_back("trace.jsonl", old);
    old = replace_line("trace.jsonl", 4, NULL);
    expect_broken(RUN, "trace.jsonl", 0, "never ends");
    put_back("trace.jsonl", old);
    free(line);
    expect_found("trace.jsonl", 4, "job", -1, 1e9, "trace.jsonl", 4, "not one of this run");
}

/* Without its last job the trace is whole in itself: the traffic tells. */
static void a_last_job_that_is_missing_is_found(void **state) {
    (void)state;
    cJSON *const trace = run_lines("run/trace.jsonl");
    const int jobs = cJSON_GetArraySize(trace);
    size_t line = 0;
    while (run_number(cJSON_GetArrayItem(trace, (int)line++), "job") != jobs) {
    }
    cJSON_Delete(trace);
    char *const old = replace_line("trace.jsonl", line, NULL);
    expect_broken(RUN, "metrics.jsonl", 0, "bytes_down");
    put_back("trace.jsonl", old);
}

/* The same files held against an option that allows less. */
static void too_many_jobs_in_flight_are_found(void **state) {
    (void)state;
    char config[1500];
    snprintf(config, sizeof config, "%s", RUN);
    *strstr(strstr(config, "concurrency"), "3") = '2';
    struct mu_err err = {.code = MU_OK};
    struct mu_verified found;
    assert_int_equal(verify_as(config, &found, &err), MU_IO);
    if (strstr(err.text, "in flight") == NULL) {
        fail_msg("%s: %s", err.place, err.text);
    }
}

static void staleness_that_is_not_the_difference_of_versions_is_found(void **state) {
    (void)state;
    const double s = value_of("steps.jsonl", 5, "staleness", 1);
    expect_found("steps.jsonl", 5, "staleness", 1, s + 1, "steps.jsonl", 5, "has staleness");
    expect_found("steps.jsonl", 5, "staleness", 1, -1, "steps.jsonl", 5, "has staleness");
    const size_t line = line_with("used", 3);
    const double version = value_of("trace.jsonl", line, "version", -1);
    const size_t step = (size_t)value_of("trace.jsonl", line, "step", -1);
    expect_found("trace.jsonl", line, "version", -1, version + 1, "steps.jsonl", step, "has staleness");
    const double most = value_of("metrics.jsonl", 3, "staleness_max", -1);
    expect_found("metrics.jsonl", 3, "staleness_max", -1, most + 1, "metrics.jsonl", 3, "staleness of mean");
    const double mean = value_of("metrics.jsonl", 3, "staleness_mean", -1);
    expect_found("metrics.jsonl", 3, "staleness_mean", -1, mean + 0.01, "metrics.jsonl", 3, "staleness of mean");
}

static void weights_that_break_the_promise_are_found(void **state) {
    (void)state;
    const double w = value_of("steps.jsonl", 3, "weights", 0);
    expect_found("steps.jsonl", 3, "weights", 0, w + 1e-6, "steps.jsonl", 3, "the weights sum to");
}

static void a_use_that_only_one_file_knows_is_found(void **state) {
    (void)state;
    const size_t line = line_with("used", 2);
    const double step = value_of("trace.jsonl", line, "step", -1);
    expect_found("trace.jsonl", line, "step", -1, step + 1, "trace.jsonl", line, "in steps.jsonl in step");
    expect_found("trace.jsonl", line, "weight", -1, 0.123, "trace.jsonl", line, "in steps.jsonl in step");
    expect_found("steps.jsonl", 2, "jobs", 0, 1000, "steps.jsonl", 2, "not in the trace");
    const double client = value_of("steps.jsonl", 2, "clients", 0);
    expect_found("steps.jsonl", 2, "clients", 0, client > 0 ? 0 : 1, "steps.jsonl", 2, "in the trace of client");
    expect_found("steps.jsonl", 2, "step", -1, 5, "steps.jsonl", 2, "where step 2 was expected");
}

static void a_job_that_the_world_lost_cannot_be_used(void **state) {
    (void)state;
    cJSON *const trace = run_lines("run/trace.jsonl");
    size_t line = 0, lost = 0;
    for (const cJSON *r = trace->child; r != NULL && lost == 0; r = r->next) {
        line++;
        lost = strcmp(run_string(r, "status"), "dropped") == 0 ? line : 0;
    }
    cJSON_Delete(trace);
    assert_true(lost > 0);
    char *const text = line_of("trace.jsonl", lost);
    cJSON *const record = cJSON_Parse(text);
    cJSON_ReplaceItemInObject(record, "status", cJSON_CreateString("failed"));
    char *const changed = cJSON_PrintUnformatted(record);
    char *const old = replace_line("trace.jsonl", lost, changed);
    expect_broken(RUN, "trace.jsonl", lost, "lost by the world");
    put_back("trace.jsonl", old);
    cJSON_free(changed);
    cJSON_Delete(record);
    free(text);
}

static void totals_that_are_not_those_of_the_records_are_found(void **state) {
    (void)state;
    static const char *const keys[] = {"updates", "bytes_up", "bytes_down", "dropped"};
    for (size_t i = 0; i < 4; i++) {
        const double value = value_of("metrics.jsonl", 4, keys[i], -1);
        const size_t line = i == 0 ? 4 : 0; /* the others are held against the whole trace */
        expect_found("metrics.jsonl", 4, keys[i], -1, value + 8, "metrics.jsonl", line, "");
    }
    const double samples = value_of("metrics.jsonl", 3, "samples", -1);
    expect_found("metrics.jsonl", 2, "samples", -1, samples + 1, "metrics.jsonl", 3, "less than it was");
    expect_found("metrics.jsonl", 4, "step", -1, 13, "metrics.jsonl", 4, "is evaluated, but");
}

static void expect_summary_broken(const char *section, const char *key, double value, const char *text) {
    char *const old = run_text("run/summary.json");
    cJSON *const json = cJSON_Parse(old);
    set_number(cJSON_GetObjectItemCaseSensitive(json, section), key, value < 0 ? 1 : -1, fabs(value));
    char *const changed = cJSON_Print(json);
    support_write(run_path("run/summary.json"), changed, strlen(changed));
    expect_broken(RUN, "summary.json", 0, text);
    put_back("summary.json", old);
    cJSON_free(changed);
    cJSON_Delete(json);
}

static void a_summary_of_another_run_is_found(void **state) {
    (void)state;
    static const char *const totals[] = {"steps", "updates", "samples", "dropped", "bytes_up", "bytes_down"};
    for (size_t i = 0; i < 6; i++) {
        expect_summary_broken("total", totals[i], 100000, totals[i]);
    }
    expect_summary_broken("total", "time_s", 0.5, "time runs back");
    expect_summary_broken("participation", "rates", -0.77, "takes part at a rate");
    expect_summary_broken("participation", "implied_weights", -0.77, "takes part at a rate");
    const char *const path = run_path("run/model.npz");
    FILE *const f = fopen(path, "a");
    fputc('x', f);
    fclose(f);
    expect_broken(RUN, "summary.json", 0, "model_sha256 is not");
}

static void files_that_are_missing_or_no_records_are_found(void **state) {
    (void)state;
    char *old = replace_line("steps.jsonl", 3, "{\"step\": 3");
    expect_broken(RUN, "steps.jsonl", 3, "not a JSON object");
    put_back("steps.jsonl", old);
    old = replace_line("trace.jsonl", 3, "{\"job\": 3}");
    expect_broken(RUN, "trace.jsonl", 3, "there is no number");
    put_back("trace.jsonl", old);
    assert_int_equal(remove(run_path("run/trace.jsonl")), 0);
    expect_broken(RUN, "trace.jsonl", 0, "cannot read");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, run_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_sound_run_passes),
        TEST(a_duration_that_is_not_the_worlds_is_found),
        TEST(time_that_runs_back_is_found),
        TEST(a_job_that_ends_twice_or_never_is_found),
        TEST(a_last_job_that_is_missing_is_found),
        TEST(too_many_jobs_in_flight_are_found),
        TEST(staleness_that_is_not_the_difference_of_versions_is_found),
        TEST(weights_that_break_the_promise_are_found),
        TEST(a_use_that_only_one_file_knows_is_found),
        TEST(a_job_that_the_world_lost_cannot_be_used),
        TEST(totals_that_are_not_those_of_the_records_are_found),
        TEST(a_summary_of_another_run_is_found),
        TEST(files_that_are_missing_or_no_records_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
