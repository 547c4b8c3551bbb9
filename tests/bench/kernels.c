/* Speed of local training on one core, without the engine: workloads W1 (softmax 784-10) and W2 (mlp 784-200-200-10),
 * 100 clients of 600 rows of 784 byte pixels (47 MB in all), batches of 32, one epoch of plain SGD a job.
 *
 * Prints samples/s, GFLOP/s, the share of time inside BLAS's GEMM (timed in a pass of its own, by
 * -Wl,--wrap=cblas_sgemm) and the ratio to a loop of bare GEMMs of the same shapes. Medians of several passes.
 * By hand:
 *   cc -O3 -march=native -std=c17 -D_GNU_SOURCE -Iinclude tests/bench/kernels.c -Wl,--wrap=cblas_sgemm \
 *      libmu_train.a libmu_data.a libmu_comm.a libmu_config.a libmu_base.a ... -lopenblas -lm
 *   taskset -c 1 ./kernels [PASSES] */
#include <cblas.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "muster/train/local.h"

#include <cJSON.h>

enum { CLIENTS = 100, ROWS = 600, PIXELS = 784, CLASSES = 10, BATCH = 32 };

static bool timing;
static double gemm_s;

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
    const double begin = timing ? now_s() : 0;
    __real_cblas_sgemm(layout, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    gemm_s += timing ? now_s() - begin : 0;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(size_t n, double *v) {
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static void check(int code, const struct mu_err *err) {
    if (code != MU_OK) {
        fprintf(stderr, "%s: %s\n", err->place, err->text);
        exit(code);
    }
}

static void parse(const struct mu_group *group, const char *text, void *out) {
    struct mu_err err = {0};
    cJSON *const json = cJSON_Parse(text);
    check(mu_group_parse(group, json, "bench", "", out, &err), &err);
    cJSON_Delete(json);
}

/* A pool of byte pixels with labels, each client's rows contiguous. */
static struct mu_rows make_pool(void) {
    uint8_t *const x = malloc((size_t)CLIENTS * ROWS * PIXELS);
    int32_t *const label = malloc((size_t)CLIENTS * ROWS * sizeof *label);
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_DATA, 0, 0);
    for (size_t i = 0; i < (size_t)CLIENTS * ROWS * PIXELS; i++) { /* half of the pixels are dark, as in the images */
        const uint32_t word = mu_rng_u32(&rng);
        x[i] = (word & 256) != 0 ? (uint8_t)word : 0;
    }
    for (size_t i = 0; i < (size_t)CLIENTS * ROWS; i++) {
        label[i] = (int32_t)mu_rng_below(&rng, CLASSES);
    }
    return (struct mu_rows){
        .n = (size_t)CLIENTS * ROWS, .width = PIXELS, .elem = MU_U8, .scale = 1.0 / 255, .x = x, .label = label};
}

/* One job of every client; returns its seconds. */
static double run_pass(struct mu_trainer *trainer, const struct mu_rows *pool, const float *start, float *update,
                       uint32_t ordinal) {
    struct mu_err err = {0};
    struct mu_local_result result;
    const double begin = now_s();
    for (uint32_t client = 0; client < CLIENTS; client++) {
        const struct mu_rows rows = mu_rows_part(pool, (size_t)client * ROWS, ROWS);
        const struct mu_local_job job = {
            .rows = &rows, .start = start, .seed = 1, .client = client, .ordinal = ordinal, .lr = 0.05};
        check(mu_trainer_run(trainer, &job, update, &result, NULL, &err), &err);
    }
    return now_s() - begin;
}

/* Seconds of the bare GEMMs of one pass: the shapes of a chain of dense layers, with batches of 32. */
static double run_gemms(size_t layers, const int *width, float *const *act, float *const *weight, float *delta) {
    const double begin = now_s();
    for (int batch = 0; batch < CLIENTS * (ROWS / BATCH + 1); batch++) {
        const int n = batch % (ROWS / BATCH + 1) < ROWS / BATCH ? BATCH : ROWS % BATCH;
        for (size_t l = 0; l < layers; l++) {
            __real_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, width[l + 1], width[l], 1, act[l], width[l],
                               weight[l], width[l], 0, act[l + 1], width[l + 1]);
        }
        for (size_t l = layers; l-- > 0;) {
            if (l > 0) {
                __real_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, width[l], width[l + 1], 1, act[l + 1],
                                   width[l + 1], weight[l], width[l], 0, delta, width[l]);
            }
            __real_cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, width[l + 1], width[l], n, -1e-9F, act[l + 1],
                               width[l + 1], act[l], width[l], 1, weight[l], width[l]);
        }
    }
    return now_s() - begin;
}

static double measure_gemms(size_t layers, const int *width, size_t passes) {
    float *act[5], *weight[4], *delta = calloc((size_t)BATCH * PIXELS, sizeof *delta);
    double *const seconds = calloc(passes, sizeof *seconds);
    for (size_t l = 0; l <= layers; l++) {
        act[l] = calloc((size_t)BATCH * (size_t)width[l], sizeof **act);
        for (size_t i = 0; i < (size_t)BATCH * (size_t)width[l]; i++) {
            act[l][i] = 1e-3F * (float)(i % 17);
        }
    }
    for (size_t l = 0; l < layers; l++) {
        weight[l] = calloc((size_t)width[l] * (size_t)width[l + 1], sizeof **weight);
    }
    for (size_t i = 0; i < passes; i++) {
        seconds[i] = run_gemms(layers, width, act, weight, delta);
    }
    for (size_t l = 0; l <= layers; l++) {
        free(act[l]);
        if (l < layers) {
            free(weight[l]);
        }
    }
    free(delta);
    const double result = median(passes, seconds);
    free(seconds);
    return result;
}

static void run_workload(const char *name, const char *model_text, size_t layers, const int *width,
                         const struct mu_rows *pool, size_t passes) {
    struct mu_err err = {0};
    struct mu_model_config model_config;
    struct mu_client_config client_config;
    struct mu_model *model = NULL;
    struct mu_trainer *trainer = NULL;
    const struct mu_task task = {.kind = MU_CLASSIFICATION, .features = PIXELS, .classes = CLASSES};
    parse(&mu_model_group, model_text, &model_config);
    parse(&mu_client_group, "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.05}, \"batch_size\": 32}", &client_config);
    check(mu_model_new(&model, &model_config, "bench", &task, &err), &err);
    check(mu_trainer_new(&trainer, model, &client_config, &err), &err);

    const size_t dim = mu_model_dim(model);
    double *const x = calloc(dim, sizeof *x), *const seconds = calloc(passes, sizeof *seconds);
    float *const start = calloc(dim, sizeof *start), *const update = calloc(dim, sizeof *update);
    mu_model_init(model, 1, x);
    for (size_t i = 0; i < dim; i++) {
        start[i] = (float)x[i];
    }
    for (size_t i = 0; i < passes; i++) {
        seconds[i] = run_pass(trainer, pool, start, update, (uint32_t)i);
    }
    const double pass_s = median(passes, seconds);
    timing = true;
    gemm_s = 0;
    const double timed_s = run_pass(trainer, pool, start, update, 0);
    timing = false;
    double multiplications = 0; /* per sample: forward, weight gradient, and backward below the first layer */
    for (size_t l = 0; l < layers; l++) {
        multiplications += (l > 0 ? 3.0 : 2.0) * width[l] * width[l + 1];
    }
    const double samples = (double)CLIENTS * ROWS, bare_s = measure_gemms(layers, width, passes);
    printf("%s %s: %.0f samples/s (best %.0f), %.1f GFLOP/s, %.0f %% of the time in BLAS GEMM, %.2f of bare GEMMs "
           "(%.0f samples/s)\n",
           name, model_text, samples / pass_s, samples / seconds[0], 2e-9 * multiplications * samples / pass_s,
           100 * gemm_s / timed_s, bare_s / pass_s, samples / bare_s);
    free(x);
    free(seconds);
    free(start);
    free(update);
    mu_trainer_free(trainer);
    mu_model_free(model);
    mu_group_clear(&mu_model_group, &model_config);
    mu_group_clear(&mu_client_group, &client_config);
}

int main(int argc, char **argv) {
    const size_t passes = argc > 1 ? strtoul(argv[1], NULL, 10) : 15;
    const int w1[] = {PIXELS, CLASSES}, w2[] = {PIXELS, 200, 200, CLASSES};
    if (passes == 0) {
        fprintf(stderr, "usage: kernels [PASSES]\n");
        return 2;
    }
    mu_blas_single_thread();
    printf("%s\n", mu_blas_version());
    const struct mu_rows pool = make_pool();
    run_workload("W1", "{\"kind\": \"softmax\"}", 1, w1, &pool, passes * 5);
    run_workload("W2", "{\"kind\": \"mlp\", \"hidden\": [200, 200]}", 3, w2, &pool, (passes + 4) / 5);
    free((void *)(uintptr_t)pool.x);
    free((void *)(uintptr_t)pool.label);
    return 0;
}
