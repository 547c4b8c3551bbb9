/* No two draws of a run share a counter of the noise generator. The linker puts the functions below in the place of the
 * library's (--wrap, see tests/CMakeLists.txt), so that every draw of whole runs is seen, with the place and the
 * numbers it is for; then it is made. Places differ, or the numbers do. */
#include "support_run.h"

#include "muster/privacy/noise.h"

struct draw {
    uint64_t counter[4]; /* of block 0 */
    uint64_t first, end; /* numbers */
};

static struct draw *draws;
static size_t count, room;

static void record(const struct mu_noise_place *place, uint64_t first, uint64_t n) {
    if (count == room) {
        room = room > 0 ? 2 * room : 1024;
        draws = realloc(draws, room * sizeof *draws);
        assert_non_null(draws);
    }
    struct draw *const d = &draws[count++];
    mu_noise_counter(place, 0, d->counter);
    d->first = first;
    d->end = first + n;
}

void __real_mu_noise_gaussian(const struct mu_noise_key *key, const struct mu_noise_place *place, double std,
                              size_t first, size_t n, double *x);
void __wrap_mu_noise_gaussian(const struct mu_noise_key *key, const struct mu_noise_place *place, double std,
                              size_t first, size_t n, double *x);
void __real_mu_noise_discrete(const struct mu_noise_key *key, const struct mu_noise_place *place,
                              const struct mu_discrete *law, size_t first, size_t n, int64_t *x);
void __wrap_mu_noise_discrete(const struct mu_noise_key *key, const struct mu_noise_place *place,
                              const struct mu_discrete *law, size_t first, size_t n, int64_t *x);
uint64_t __real_mu_noise_bits(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index);
uint64_t __wrap_mu_noise_bits(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index);
double __real_mu_noise_uniform(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index);
double __wrap_mu_noise_uniform(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index);

void __wrap_mu_noise_gaussian(const struct mu_noise_key *key, const struct mu_noise_place *place, double std,
                              size_t first, size_t n, double *x) {
    if (std != 0) {
        record(place, first, n);
    }
    __real_mu_noise_gaussian(key, place, std, first, n, x);
}

/* It has blocks of its own for each number, so that nobody else may have the place. */
void __wrap_mu_noise_discrete(const struct mu_noise_key *key, const struct mu_noise_place *place,
                              const struct mu_discrete *law, size_t first, size_t n, int64_t *x) {
    record(place, 0, UINT64_MAX);
    __real_mu_noise_discrete(key, place, law, first, n, x);
}

uint64_t __wrap_mu_noise_bits(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index) {
    record(place, index, 1);
    return __real_mu_noise_bits(key, place, index);
}

double __wrap_mu_noise_uniform(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index) {
    record(place, index, 1);
    return __real_mu_noise_uniform(key, place, index);
}

static int compare(const void *left, const void *right) {
    const struct draw *const a = left, *const b = right;
    const int places = memcmp(a->counter, b->counter, sizeof a->counter);
    return places != 0 ? places : (a->first > b->first) - (a->first < b->first);
}

static size_t count_overlaps(void) {
    size_t overlaps = 0;
    qsort(draws, count, sizeof *draws, compare);
    for (size_t i = 1; i < count; i++) {
        const bool same = memcmp(draws[i - 1].counter, draws[i].counter, sizeof draws->counter) == 0;
        overlaps += same && draws[i].first < draws[i - 1].end;
    }
    return overlaps;
}

#define CLIENT "\"kind\": \"client\", \"clip\": 0.5, \"noise_multiplier\": 2"
#define RECORD "\"kind\": \"record\", \"clip\": 0.5, \"noise_multiplier\": 2"
#define POISSON "\"fedavg\", \"cohort\": 5, \"weights\": \"uniform\", \"sampling\": \"poisson\""
#define TRAINING "\"local_epochs\": 2, \"batch_size\": 16, \"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}"

static const struct {
    const char *strategy, *client, *privacy;
    size_t least; /* draws there must be, of 20 steps */
} cases[] = {
    {POISSON, TRAINING, CLIENT, 120},
    {POISSON, TRAINING, CLIENT ", \"mechanism\": {\"kind\": \"discrete_gaussian\"}", 120},
    {POISSON, TRAINING, CLIENT ", \"adaptive\": {\"enabled\": true, \"sigma_b\": 4}", 140},
    {"\"fedavg\", \"cohort\": 5, \"weights\": \"uniform\"", TRAINING, CLIENT ", \"sampling\": \"fixed\"", 120},
    {"\"fedavg\", \"cohort\": 5, \"weights\": \"uniform\"", TRAINING,
     CLIENT ", \"tree\": {\"kind\": \"honaker\", \"restart_steps\": 2}", 20},
    {"\"fedavg\", \"cohort\": 10, \"weights\": \"uniform\"", TRAINING, CLIENT ", \"noise\": \"per_worker\"", 150},
    {"\"fedavg\", \"cohort\": 10, \"weights\": \"uniform\"", TRAINING,
     CLIENT ", \"noise\": \"per_worker\", \"mechanism\": {\"kind\": \"discrete_gaussian\"}", 150},
    {"\"fedavg\", \"cohort\": 10, \"weights\": \"uniform\"", TRAINING,
     CLIENT ", \"noise\": \"per_worker\", \"adaptive\": {\"enabled\": true, \"sigma_b\": 4}", 300},
    {"\"fedbuff\", \"buffer_size\": 3, \"concurrency\": 6", TRAINING, CLIENT, 20},
    {"\"fedbuff\", \"buffer_size\": 3, \"concurrency\": 6", TRAINING, CLIENT ", \"noise\": \"per_worker\"", 60},
    {"\"fedavg\", \"cohort\": 5", TRAINING, RECORD, 3000},
    {"\"fedbuff\", \"buffer_size\": 3, \"concurrency\": 6", TRAINING, RECORD, 1500},
    {"\"diff2\", \"restart\": 3", "", RECORD, 20},
    {"\"diff2\", \"restart\": 3", "", RECORD ", \"noise\": \"per_worker\"", 200},
    {"\"diff2\", \"restart\": 3, \"routine\": \"bvr_l_sgd\", \"local_steps\": 4, \"batch_size\": 8", "", RECORD, 500},
};

static void no_two_draws_of_a_run_share_a_counter(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000];
        count = 0;
        snprintf(text, sizeof text,
                 "{\"data\": {\"source\": \"blobs\", \"samples\": 800, \"test_samples\": 20, \"features\": 3, "
                 "\"classes\": 3, \"clients\": 10, \"partition\": {\"kind\": \"iid\"}}, \"model\": {\"kind\": "
                 "\"softmax\"}, \"client\": {%s}, \"server\": {\"strategy\": {\"kind\": %s}}, \"world\": "
                 "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.1}, \"privacy\": {%s, "
                 "\"insecure_noise_seed\": 3}, \"stop\": {\"steps\": 20}, \"evaluate\": {\"every_steps\": 0}}",
                 cases[i].client, cases[i].strategy, cases[i].privacy);
        (void)run_of(text, "out");
        support_remove_dir(run_path("out"));
        const size_t overlaps = count_overlaps();
        print_message("%s, %s: %zu draws, %zu overlap\n", cases[i].strategy, cases[i].privacy, count, overlaps);
        assert_true(count >= cases[i].least);
        assert_int_equal(overlaps, 0);
        /* Negative control: one of them made twice is seen. */
        const struct draw again = draws[count / 2];
        record(&(struct mu_noise_place){0}, 0, 1);
        draws[count - 1] = again;
        assert_int_equal(count_overlaps(), 1);
    }
    free(draws);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_draws_of_a_run_share_a_counter),
    };
    return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
