/* How fast gradient codes are on one core: encoding (a chunk's gradient into a message) and combining (a message into
 * the exact sum of a step) in GB/s of memory read and written, beside a copy of the same vector; weights of straggler
 * sets that are new; and a thousand rounds of each scheme, events alone. Best of several passes. Usage: bench_coding */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muster/base/clock.h"
#include "muster/base/exact.h"
#include "muster/base/mem.h"
#include "muster/base/rng.h"
#include "muster/coding/code.h"
#include "muster/run/scenario.h"
#include "worker_impl.h"

enum { NUMBERS = 1 << 24, PASSES = 7, WORKERS = 256, LATE = 27, SETS = 10 };

static void die(const struct mu_err *err) {
    fprintf(stderr, "bench: %s: %s\n", err->place, err->text);
    exit(err->code);
}

static void copy(const double *x, void *out) {
    memcpy(out, x, NUMBERS * sizeof *x);
}
static void encode(const double *x, void *out) {
    mu_worker_encode(NUMBERS, 0.75, x, out);
}
static void combine(const double *x, void *out) {
    mu_exact_add_f64(out, NUMBERS, 0.75, 40, x);
}

/* `passed` is how often the vector goes through memory: read, read again, written. */
static double rate(void (*work)(const double *x, void *out), double passed, const double *x, void *out) {
    double best = INFINITY;
    for (int i = 0; i < PASSES; i++) {
        const double start = mu_monotonic_s();
        work(x, out);
        best = fmin(best, mu_monotonic_s() - start);
    }
    return passed * NUMBERS * sizeof *x / best * 1e-9;
}

static void vectors(void) {
    struct mu_err err = {0};
    double *x = mu_alloc(NUMBERS, sizeof *x, &err), *out = mu_alloc(NUMBERS, sizeof *out, &err);
    if (x == NULL || out == NULL) {
        die(&err);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        x[i] = 1e-3 * (double)(i % 1000);
    }
    const double copied = rate(copy, 2, x, out);
    memset(out, 0, NUMBERS * sizeof *out);
    const double encoded = rate(encode, 3, x, out);
    memset(out, 0, NUMBERS * sizeof *out);
    const double combined = rate(combine, 3, x, out);
    printf("vectors of %d MB: copy %.1f GB/s, encode %.1f GB/s, combine %.1f GB/s\n", NUMBERS >> 17, copied, encoded,
           combined);
    mu_free(x);
    mu_free(out);
}

static void weights(void) {
    struct mu_err err = {0};
    /* auto is cyclic, since 28 does not divide 256. */
    const struct mu_code_request request = {NULL, WORKERS, LATE, 1, NULL};
    struct mu_coding *coding;
    if (mu_coding_new(&coding, &request, &err) != MU_OK) {
        die(&err);
    }
    double a[WORKERS], best = INFINITY, worst = 0, residual = 0;
    for (uint32_t set = 0; set < SETS; set++) {
        uint64_t arrived[WORKERS / 64];
        struct mu_decoding d;
        memset(arrived, 0xff, sizeof arrived);
        for (uint32_t i = 0, at = set; i < LATE; i++, at = (at + 37) % WORKERS) {
            mu_bits_remove(arrived, at);
        }
        const double start = mu_monotonic_s();
        if (mu_coding_decode(coding, arrived, a, &d, &err) != MU_OK) {
            die(&err);
        }
        const double took = mu_monotonic_s() - start;
        if (!d.decoded) {
            fprintf(stderr, "bench: a set of %d stragglers was not decoded\n", LATE);
            exit(MU_DIVERGED);
        }
        best = fmin(best, took);
        worst = fmax(worst, took);
        residual = fmax(residual, d.residual);
    }
    uint64_t found, solved;
    mu_coding_cache_counts(coding, &found, &solved);
    printf("weights, %s, n = %d, s = %d: %.3f to %.3f ms a set, %llu solved, %llu found, residual %.1e\n",
           mu_coding_facts(coding)->name, WORKERS, LATE, 1e3 * best, 1e3 * worst, (unsigned long long)solved,
           (unsigned long long)found, residual);
    mu_coding_free(coding);
}

static double run_rounds(const char *strategy) {
    struct mu_comm *comm = mu_comm_solo();
    struct mu_err err = {0};
    struct mu_scenario scenario;
    struct mu_stage stage;
    const char *const sets[] = {strategy};
    if (mu_scenario_read(MUSTER_BENCH "/coding.json", 1, sets, comm, &scenario, &err) != MU_OK ||
        mu_stage_new(&stage, MUSTER_BENCH "/coding.json", &scenario, comm, &err) != MU_OK) {
        die(&err);
    }
    const struct mu_observer observer = {0};
    const struct mu_sim_setup setup = {
        .file = stage.file,
        .seed = 1,
        .comm = comm,
        .data = stage.data,
        .model = stage.model,
        .client = &scenario.client,
        .world = stage.world,
        .strategy = (const void *)scenario.server.strategy.kind,
        .strategy_state = scenario.server.strategy.options,
        .server_optimizer = &scenario.server.optimizer,
        .stop = &scenario.stop,
        .evaluate = &scenario.evaluate,
        .observer = &observer,
    };
    struct mu_sim_result result;
    const double start = mu_monotonic_s();
    if (mu_sim_run(&setup, &result, &err) != MU_OK) {
        die(&err);
    }
    const double took = mu_monotonic_s() - start;
    mu_sim_result_clear(&result);
    mu_stage_clear(&stage);
    mu_scenario_clear(&scenario);
    mu_comm_stop(comm);
    return took;
}

int main(void) {
    static const char *const strategies[][2] = {
        {"uncoded", "{\"kind\": \"uncoded\"}"},
        {"ignore", "{\"kind\": \"ignore\", \"s\": 15}"},
        {"replication", "{\"kind\": \"replication\", \"s\": 3}"},
        {"gc frc", "{\"kind\": \"gc\", \"code\": {\"kind\": \"frc\", \"s\": 15}}"},
        {"gc cyclic", "{\"kind\": \"gc\", \"code\": {\"kind\": \"cyclic\", \"s\": 15}}"},
        {"sr_sgc", "{\"kind\": \"sr_sgc\", \"B\": 2, \"W\": 3, \"lambda\": 23}"},
        {"m_sgc", "{\"kind\": \"m_sgc\", \"B\": 1, \"W\": 2, \"lambda\": 27}"},
    };
    vectors();
    weights();
    for (size_t k = 0; k < sizeof strategies / sizeof *strategies; k++) {
        char set[200];
        snprintf(set, sizeof set, "server.strategy=%s", strategies[k][1]);
        printf("1,000 rounds at n = %d, %s: %.2f s\n", WORKERS, strategies[k][0], run_rounds(set));
    }
    return 0;
}
