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

/* Gradient work: eight workers of 50 rows, messages of one vector (gc) or up to three (m_sgc), of 4 classes x 8
 * features and 4 biases: 36 numbers, 144 bytes down and 288 a vector up. */
#define CODED(strategy, world)                                                                                     \
    "{\"data\": {\"source\": \"blobs\", \"samples\": 400, \"test_samples\": 40, \"features\": 8, \"classes\": 4, " \
    "\"clients\": 8}, \"model\": {\"kind\": \"softmax\"}, \"server\": {\"strategy\": {" strategy                   \
    "}}, \"world\": {" world                                                                                       \
    "}, \"stop\": {\"steps\": 12}, \"evaluate\": {\"every_steps\": 4}, \"output\": {\"trace\": true}}"
#define GC "\"kind\": \"gc\""
#define M_SGC "\"kind\": \"m_sgc\", \"B\": 1, \"W\": 3, \"lambda\": 2"
#define LOADED                                                                                                        \
    "\"compute\": {\"seconds_per_sample\": 0.01}, \"network\": {\"down_mbps\": 0.1, \"up_mbps\": 0.01}, \"jitter\": " \
    "{\"kind\": \"uniform\", \"low\": 0.5, \"high\": 1.5}"
#define LOSSY "\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.2"
#define EVEN "\"duration_s\": 1"

static const char *config; /* of the run in scratch/run */

static void run_again(const char *text) {
    const struct mu_run_options options = {.progress = MU_PROGRESS_QUIET, .force = true};
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result result;
    config = text;
    run_with(text, "run", &options, &result, &err);
    support_expect_ok(&err);
}

/* Runs, and leaves the results in scratch/run. */
static int set_up(void **state) {
    run_set_up(state);
    run_again(RUN);
    return 0;
}

static int verify_as(const char *text, struct mu_verified *found, struct mu_err *err) {
    struct mu_scenario scenario = {0};
    struct mu_stage stage;
    struct mu_comm *const comm = mu_comm_solo();
    run_read(text, &scenario, err);
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

static void expect_broken(const char *file, size_t line, const char *text) {
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
    expect_broken(in, at, text);
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
    expect_broken("trace.jsonl", 5, "ends twice; first in line 4");
    put_back("trace.jsonl", old);
    old = replace_line("trace.jsonl", 4, NULL);
    expect_broken("trace.jsonl", 0, "never ends");
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
    expect_broken("metrics.jsonl", 0, "bytes_down");
    put_back("trace.jsonl", old);
}

/* The same files held against an option that allows less. */
static void too_many_jobs_in_flight_are_found(void **state) {
    (void)state;
    char less[1500];
    snprintf(less, sizeof less, "%s", RUN);
    *strstr(strstr(less, "concurrency"), "3") = '2';
    struct mu_err err = {.code = MU_OK};
    struct mu_verified found;
    assert_int_equal(verify_as(less, &found, &err), MU_IO);
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
    expect_broken("trace.jsonl", lost, "lost by the world");
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
    expect_broken("summary.json", 0, text);
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
    expect_broken("summary.json", 0, "model_sha256 is not");
}

static void files_that_are_missing_or_no_records_are_found(void **state) {
    (void)state;
    char *old = replace_line("steps.jsonl", 3, "{\"step\": 3");
    expect_broken("steps.jsonl", 3, "not a JSON object");
    put_back("steps.jsonl", old);
    old = replace_line("trace.jsonl", 3, "{\"job\": 3}");
    expect_broken("trace.jsonl", 3, "there is no number");
    put_back("trace.jsonl", old);
    assert_int_equal(remove(run_path("run/trace.jsonl")), 0);
    expect_broken("trace.jsonl", 0, "cannot read");
}

static void sound_runs_of_gradients_pass(void **state) {
    (void)state;
    static const char *const configs[] = {
        CODED(GC, LOADED),
        CODED(M_SGC, LOADED),
        CODED(M_SGC, LOSSY),
        CODED("\"kind\": \"sr_sgc\", \"B\": 1, \"W\": 2, \"lambda\": 2", LOADED),
        CODED("\"kind\": \"uncoded\", \"batch\": 100", LOSSY),
        CODED("\"kind\": \"ignore\"", LOADED),
        CODED("\"kind\": \"replication\"", LOSSY),
        CODED("\"kind\": \"coded_auto\", \"probe\": 4", LOADED),
        CODED("\"kind\": \"dp_gd\"", LOSSY),
        CODED("\"kind\": \"diff2\", \"restart\": 3", LOADED),
        CODED("\"kind\": \"diff2\", \"restart\": 3, \"routine\": \"bvr_l_sgd\", \"local_steps\": 3", LOADED),
        CODED(GC, "\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"availability\": {\"kind\": \"on_off\", "
                  "\"on_s\": 6, \"off_s\": 2}"),
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct mu_err err = {.code = MU_OK};
        struct mu_verified found;
        run_again(configs[i]);
        (void)verify_as(configs[i], &found, &err);
        if (err.code != MU_OK || found.steps != 12 || found.jobs < 12) {
            fail_msg("%s: %s: %s", configs[i], err.place, err.text);
        }
    }
}

static void durations_of_gradients_that_are_not_the_worlds_are_found(void **state) {
    (void)state;
    static const char *const configs[] = {CODED(GC, LOADED), CODED(M_SGC, LOADED), CODED(M_SGC, LOSSY)};
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        run_again(configs[i]);
        const size_t line = line_with("used", 20);
        const double arrive = value_of("trace.jsonl", line, "arrive_s", -1);
        const double ordinal = value_of("trace.jsonl", line, "ordinal", -1);
        expect_found("trace.jsonl", line, "arrive_s", -1, arrive - 1e-6, "trace.jsonl", line, "dispatch and duration");
        expect_found("trace.jsonl", line, "ordinal", -1, ordinal + 100, "trace.jsonl", line, "");
        expect_found("trace.jsonl", line, "ordinal", -1, 5e9, "trace.jsonl", line,
                     "is number 5000000000 of its client");
    }
}

/* Where work and messages take time, that time tells. */
static void another_load_or_message_takes_another_time(void **state) {
    (void)state;
    run_again(CODED(M_SGC, LOADED));
    const size_t line = line_with("used", 20);
    static const char *const keys[] = {"samples", "bytes_up", "bytes_up", "bytes_down"};
    static const double more[] = {1, 288, 1, 144};
    static const char *const texts[] = {"dispatch and duration", "dispatch and duration", "a gradient 288",
                                        "a model has 144"};
    for (size_t i = 0; i < 4; i++) {
        const double value = value_of("trace.jsonl", line, keys[i], -1);
        expect_found("trace.jsonl", line, keys[i], -1, value + more[i], "trace.jsonl", line, texts[i]);
    }
    expect_found("trace.jsonl", line, "bytes_up", -1, 288 * 65, "trace.jsonl", line, "a gradient 288");
    expect_found("trace.jsonl", line, "bytes_up", -1, 0, "trace.jsonl", line, "a gradient 288");
}

/* Where they take none, the totals do. */
static void another_load_or_message_makes_another_total(void **state) {
    (void)state;
    run_again(CODED(M_SGC, EVEN));
    const size_t line = line_with("used", 20);
    const size_t step = (size_t)value_of("trace.jsonl", line, "step", -1);
    const double samples = value_of("trace.jsonl", line, "samples", -1);
    const double up = value_of("trace.jsonl", line, "bytes_up", -1);
    expect_found("trace.jsonl", line, "samples", -1, samples + 1, "metrics.jsonl", 1 + (step + 3) / 4, "samples, but");
    expect_found("trace.jsonl", line, "bytes_up", -1, up + 288, "metrics.jsonl", 0, "bytes_up is");
    for (size_t i = 0; i < 2; i++) {
        const char *const key = i == 0 ? "bytes_up" : "bytes_down";
        const double value = value_of("metrics.jsonl", 4, key, -1);
        expect_found("metrics.jsonl", 4, key, -1, value + 144, "metrics.jsonl", 0, key);
    }
    const double total = value_of("metrics.jsonl", 3, "samples", -1);
    expect_found("metrics.jsonl", 3, "samples", -1, total - 1, "metrics.jsonl", 3, "samples, but");
}

/* Two jobs of a client that take equally long may have drawn that alike, or not at all. */
static void a_duration_that_is_drawn_twice_is_found(void **state) {
    (void)state;
    run_again(CODED(GC, EVEN));
    for (size_t line = 9; line <= 16; line++) {
        const double ordinal = value_of("trace.jsonl", line, "ordinal", -1);
        assert_true(ordinal == 1);
        expect_found("trace.jsonl", line, "ordinal", -1, 0, "trace.jsonl", line, "as the job before it");
    }
}

/* Three rounds later a message of m_sgc has nothing left to give; one of gc is used up at once. */
static void a_message_that_is_used_more_often_than_it_can_be_is_found(void **state) {
    (void)state;
    run_again(CODED(GC, EVEN));
    const double first = value_of("steps.jsonl", 1, "jobs", 0), client = value_of("steps.jsonl", 1, "clients", 0);
    assert_true(value_of("steps.jsonl", 2, "clients", 0) == client);
    expect_found("steps.jsonl", 2, "jobs", 0, first, "steps.jsonl", 2, "is used again");
    run_again(CODED(M_SGC, EVEN));
    const size_t line = line_with("used", 40);
    const double job = value_of("trace.jsonl", line, "job", -1), up = value_of("trace.jsonl", line, "bytes_up", -1);
    assert_true(up == 3 * 288);
    const size_t last = (size_t)value_of("trace.jsonl", line, "step", -1);
    char text[100];
    snprintf(text, sizeof text, "job %.0f is used more often than it has vectors, 2", job);
    expect_found("trace.jsonl", line, "bytes_up", -1, 2 * 288, "steps.jsonl", last, text);
}

static void a_gradient_that_the_world_lost_cannot_be_used(void **state) {
    (void)state;
    run_again(CODED(M_SGC, LOSSY));
    a_job_that_the_world_lost_cannot_be_used(state);
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
        TEST(sound_runs_of_gradients_pass),
        TEST(durations_of_gradients_that_are_not_the_worlds_are_found),
        TEST(another_load_or_message_takes_another_time),
        TEST(another_load_or_message_makes_another_total),
        TEST(a_duration_that_is_drawn_twice_is_found),
        TEST(a_message_that_is_used_more_often_than_it_can_be_is_found),
        TEST(a_gradient_that_the_world_lost_cannot_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
