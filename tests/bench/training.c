/* How fast whole runs train: FedAvg on W1 (softmax 784-10) and W2 (MLP 784-200-200-10), Fashion-MNIST, 100 clients of
 * 600 rows, 10 a round, one local epoch, batch 32, plain SGD, on the ranks it is started with; and W4, FedBuff on W2
 * with 20 clients in flight, durations that vary, and a step for every 10 updates. It prints, per workload, samples/s
 * rows trained on, over the wall time of the run, evaluations and set-up aside GFLOP/s             of all GEMMs of all
 * ranks, over the same time in GEMM             share of training time spent inside cblas_sgemm, from one more run that
 * reads the clock around every call of bare GEMMs       GFLOP/s over those of the recorded calls, in their order,
 * replayed on buffers of their sizes by all ranks at once: what it would be if a sample cost nothing but its GEMMs
 *   outside             share of rank 0's time that is neither training, nor evaluation, nor waiting for another rank
 * and at last the ratio W4 / W2: asynchrony must not cost throughput.
 * Usage: mpirun -n 2 bench_training [steps of W1] [steps of W2 and W4]; linked with -Wl,--wrap=cblas_sgemm. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cblas.h>

#include "muster/base/mem.h"
#include "muster/run/scenario.h"

enum { RECORDED = 4000, REPEATS = 5 };

struct call {
    CBLAS_TRANSPOSE ta, tb;
    blasint m, n, k, lda, ldb, ldc;
    float alpha, beta;
};

static struct {
    bool timed;
    double seconds, flops;
    size_t n;
    struct call call[RECORDED];
} gemm;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void __real_cblas_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, blasint m, blasint n, blasint k,
                        float alpha, const float *a, blasint lda, const float *b, blasint ldb, float beta, float *c,
                        blasint ldc);
void __wrap_cblas_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, blasint m, blasint n, blasint k,
                        float alpha, const float *a, blasint lda, const float *b, blasint ldb, float beta, float *c,
                        blasint ldc);

void __wrap_cblas_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, blasint m, blasint n, blasint k,
                        float alpha, const float *a, blasint lda, const float *b, blasint ldb, float beta, float *c,
                        blasint ldc) {
    gemm.flops += 2.0 * (double)m * (double)n * (double)k;
    if (gemm.n < RECORDED) {
        gemm.call[gemm.n++] = (struct call){ta, tb, m, n, k, lda, ldb, ldc, alpha, beta};
    }
    const double start = gemm.timed ? now_s() : 0;
    __real_cblas_sgemm(layout, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (gemm.timed) {
        gemm.seconds += now_s() - start;
    }
}

static size_t extent(CBLAS_TRANSPOSE t, blasint rows, blasint columns, blasint ld) {
    return (size_t)(t == CblasNoTrans ? rows : columns) * (size_t)ld;
}

/* GFLOP/s of the recorded calls on their own: the best of a few passes, all ranks at once. */
static double replay(struct mu_comm *comm) {
    size_t largest[3] = {0};
    double flops = 0;
    for (size_t i = 0; i < gemm.n; i++) {
        const struct call *g = &gemm.call[i];
        const size_t need[3] = {extent(g->ta, g->m, g->k, g->lda), extent(g->tb, g->k, g->n, g->ldb),
                                (size_t)g->m * (size_t)g->ldc};
        for (int j = 0; j < 3; j++) {
            largest[j] = need[j] > largest[j] ? need[j] : largest[j];
        }
        flops += 2.0 * (double)g->m * (double)g->n * (double)g->k;
    }
    float *buffer[3];
    for (int j = 0; j < 3; j++) {
        buffer[j] = mu_alloc(largest[j], sizeof(float), NULL);
        for (size_t i = 0; i < largest[j]; i++) {
            buffer[j][i] = 1e-3F * (float)(i % 97);
        }
    }
    double best = INFINITY;
    for (int pass = 0; pass < REPEATS; pass++) {
        mu_comm_barrier(comm);
        const double start = now_s();
        for (size_t i = 0; i < gemm.n; i++) {
            const struct call *g = &gemm.call[i];
            __real_cblas_sgemm(CblasRowMajor, g->ta, g->tb, g->m, g->n, g->k, 1e-6F, buffer[0], g->lda, buffer[1],
                               g->ldb, g->beta, buffer[2], g->ldc);
        }
        best = fmin(best, now_s() - start);
    }
    for (int j = 0; j < 3; j++) {
        mu_free(buffer[j]);
    }
    return flops / best * 1e-9;
}

struct figures {
    double samples_per_s, flops, seconds, gemm_share, outside;
};

static void die(const struct mu_err *err) {
    fprintf(stderr, "bench: %s: %s\n", err->place, err->text);
    exit(err->code);
}

static uint64_t samples_seen;

static int on_evaluation(void *context, const struct mu_evaluation *e, struct mu_err *err) {
    (void)context, (void)err;
    samples_seen = e->samples;
    return MU_OK;
}

/* One run from a fresh scenario, since a strategy's state is part of it; the figures are rank 0's, the FLOPs those of
 * all ranks. */
static struct figures run_once(const char *config, const char *steps, struct mu_comm *comm, bool timed) {
    struct mu_err err = {0};
    struct mu_scenario scenario;
    struct mu_stage built;
    const struct mu_stage *const stage = &built;
    char set[64];
    const char *const sets[] = {set};
    snprintf(set, sizeof set, "stop.steps=%s", steps);
    if (mu_scenario_read(config, 1, sets, comm, &scenario, &err) != MU_OK ||
        mu_stage_new(&built, config, &scenario, comm, &err) != MU_OK) {
        die(&err);
    }
    const struct mu_scenario *const s = &scenario;
    const struct mu_observer observer = {.evaluation = on_evaluation};
    const struct mu_sim_setup setup = {
        .file = stage->file,
        .seed = 1,
        .comm = comm,
        .data = stage->data,
        .model = stage->model,
        .client = &s->client,
        .world = stage->world,
        .strategy = (const void *)s->server.strategy.kind,
        .strategy_state = s->server.strategy.options,
        .server_optimizer = &s->server.optimizer,
        .stop = &s->stop,
        .evaluate = &s->evaluate,
        .observer = &observer,
    };
    struct mu_sim_result result;
    gemm.timed = timed;
    gemm.seconds = gemm.flops = 0;
    gemm.n = 0;
    if (mu_sim_run(&setup, &result, &err) != MU_OK) {
        die(&err);
    }
    struct figures f = {0};
    double flops[1] = {gemm.flops};
    double *all = mu_alloc((size_t)mu_comm_size(stage->comm), sizeof *all, NULL);
    mu_comm_gather(stage->comm, flops, sizeof flops, all);
    if (mu_comm_rank(stage->comm) == 0) {
        const double *t = result.clock[0].s;
        double total = 0;
        for (int a = 0; a < MU_ACTIVITIES; a++) {
            total += t[a];
        }
        f.seconds = total - t[MU_EVALUATE];
        f.samples_per_s = (double)samples_seen / f.seconds;
        f.gemm_share = gemm.seconds / t[MU_TRAIN];
        f.outside = (t[MU_PLAN] + t[MU_COMBINE] + t[MU_INSTALL]) / f.seconds;
        for (int rank = 0; rank < mu_comm_size(stage->comm); rank++) {
            f.flops += all[rank];
        }
    }
    mu_free(all);
    mu_sim_result_clear(&result);
    mu_stage_clear(&built);
    mu_scenario_clear(&scenario);
    return f;
}

/* Returns rank 0's samples/s. */
static double bench(const char *name, const char *config, const char *steps, struct mu_comm *comm) {
    struct figures best = {0};
    for (int i = 0; i < 3; i++) {
        const struct figures f = run_once(config, steps, comm, false);
        best = f.samples_per_s > best.samples_per_s ? f : best;
    }
    double bare[1] = {replay(comm)};
    double *all = mu_alloc((size_t)mu_comm_size(comm), sizeof *all, NULL);
    mu_comm_gather(comm, bare, sizeof bare, all);
    const struct figures timed = run_once(config, steps, comm, true);
    if (mu_comm_rank(comm) == 0) {
        double sum = 0;
        for (int rank = 0; rank < mu_comm_size(comm); rank++) {
            sum += all[rank];
        }
        const double gflops = best.flops / best.seconds * 1e-9;
        printf(
            "%s: %.0f samples/s, %.1f GFLOP/s, %.1f %% in GEMM, %.3f of bare GEMMs (%.1f GFLOP/s), %.2f %% outside\n",
            name, best.samples_per_s, gflops, 100 * timed.gemm_share, gflops / sum, sum, 100 * best.outside);
        fflush(stdout);
    }
    mu_free(all);
    return best.samples_per_s;
}

int main(int argc, char **argv) {
    struct mu_comm *comm = mu_comm_start(NULL, NULL);
    if (strstr(mu_blas_version(), "OpenBLAS") == NULL) {
        fprintf(stderr, "bench: refused: the BLAS is %s, not OpenBLAS\n", mu_blas_version());
        return 1;
    }
    if (mu_comm_rank(comm) == 0) {
        printf("%d ranks, %s, kernel %s\n", mu_comm_size(comm), mu_blas_version(), mu_blas_kernel());
    }
    bench("W1", MUSTER_BENCH "/w1.json", argc > 1 ? argv[1] : "1500", comm);
    const char *const steps = argc > 2 ? argv[2] : "100";
    const double w2 = bench("W2", MUSTER_BENCH "/w2.json", steps, comm);
    const double w4 = bench("W4", MUSTER_BENCH "/w4.json", steps, comm);
    if (mu_comm_rank(comm) == 0) {
        printf("W4 / W2: %.3f\n", w4 / w2);
    }
    mu_comm_stop(comm);
    return 0;
}
