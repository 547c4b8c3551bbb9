/* What it costs to look at rows one by one, on one core and without the engine: W1 (softmax 784-10) and W2 (mlp
 * 784-200-200-10), 600 rows of 784 byte pixels a client.
 *   step        DP-SGD steps (clip, Poisson batches of 32 expected, no noise drawn) against plain ones of 32 rows
 *   noisy step  the same with noise, as a run with a noise multiplier has it
 *   sum         clipped sums of gradients over all rows against plain sums, float32
 *   difference  clipped sums of differences against plain sums at one point, float64: two gradients, so 2 is the least
 * Each is the ratio of the seconds per row, medians of alternating passes, both in the same run. Fails if the step on
 * W2 costs more than 2.2 times the plain one. Usage: bench_clipping [PASSES] */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "muster/privacy/noise.h"
#include "muster/train/gradient.h"
#include "muster/train/local.h"

#include <cJSON.h>

enum { CLIENTS = 10, ROWS = 600, PIXELS = 784, CLASSES = 10, BATCH = 32 };
static const double limit = 2.2;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

struct bench {
    struct mu_rows pool;
    struct mu_trainer *trainer;
    struct mu_summer *summer[2]; /* float32, float64 */
    size_t dim;
    double *x, *minus, *out;
    float *start, *update;
};

/* Seconds per row of one job of every client. */
static double run_jobs(const struct bench *b, const struct mu_dp_local *dp, uint32_t ordinal) {
    struct mu_err err = {0};
    uint64_t rows = 0;
    const double begin = now_s();
    for (uint32_t client = 0; client < CLIENTS; client++) {
        struct mu_local_result result;
        const struct mu_rows part = mu_rows_part(&b->pool, (size_t)client * ROWS, ROWS);
        const struct mu_local_job job = {
            .rows = &part, .start = b->start, .seed = 1, .client = client, .ordinal = ordinal, .lr = 0.05, .dp = dp};
        check(mu_trainer_run(b->trainer, &job, b->update, &result, NULL, &err), &err);
        rows += result.samples;
    }
    return (now_s() - begin) / (double)rows;
}

/* Seconds per row of one sum over all rows. */
static double run_sum(const struct bench *b, int type, double clip, const double *minus) {
    struct mu_err err = {0};
    struct mu_gradient_result result;
    const struct mu_gradient_job job = {.x = b->x, .x_minus = minus, .clip = clip, .coefficient = 1};
    const double begin = now_s();
    check(mu_gradient_sum(b->summer[type], &b->pool, 0, b->pool.n, &job, b->out, &result, &err), &err);
    return (now_s() - begin) / (double)b->pool.n;
}

static void draw_noise(void *context, uint64_t step, double std, size_t first, size_t n, double *x) {
    static const struct mu_noise_key key = {{1, 2, 3, 4}};
    const struct mu_noise_place place = {.purpose = MU_NOISE_LOCAL, .step = step};
    (void)context;
    mu_noise_gaussian(&key, &place, std, first, n, x);
}

/* The ratio for one workload; prints the line. */
static double compare(const struct bench *b, const char *name, const char *what, size_t passes) {
    double *const plain = calloc(passes, sizeof *plain), *const costly = calloc(passes, sizeof *costly);
    const struct mu_dp_local dp = {.clip = 0.5,
                                   .noise_multiplier = what[0] == 'n' ? 1 : 0,
                                   .rate = (double)BATCH / ROWS,
                                   .denominator = BATCH,
                                   .noise = draw_noise};
    for (size_t i = 0; i < passes; i++) {
        if (what[0] == 'n' || (what[0] == 's' && what[1] == 't')) {
            plain[i] = run_jobs(b, NULL, (uint32_t)i);
            costly[i] = run_jobs(b, &dp, (uint32_t)i);
        } else if (what[0] == 's') {
            plain[i] = run_sum(b, 0, INFINITY, NULL);
            costly[i] = run_sum(b, 0, 0.5, NULL);
        } else {
            plain[i] = run_sum(b, 1, INFINITY, NULL);
            costly[i] = run_sum(b, 1, 0.5, b->minus);
        }
    }
    const double p = median(passes, plain), c = median(passes, costly);
    printf("%s %-10s %7.0f rows/s plain, %7.0f row by row: %.2f times the cost\n", name, what, 1 / p, 1 / c, c / p);
    free(plain);
    free(costly);
    return c / p;
}

/* The cost of a private step. */
static double run_workload(const char *name, const char *text, const struct mu_rows *pool, size_t passes) {
    struct mu_err err = {0};
    struct mu_model_config model_config;
    struct mu_client_config client_config;
    struct mu_model *model = NULL;
    struct bench b = {.pool = *pool};
    const struct mu_task task = {.kind = MU_CLASSIFICATION, .features = PIXELS, .classes = CLASSES};
    parse(&mu_model_group, text, &model_config);
    parse(&mu_client_group, "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.05}, \"batch_size\": 32}", &client_config);
    check(mu_model_new(&model, &model_config, "bench", &task, &err), &err);
    check(mu_trainer_new(&b.trainer, model, &client_config, &err), &err);
    check(mu_summer_new(&b.summer[0], model, MU_F32, &err), &err);
    check(mu_summer_new(&b.summer[1], model, MU_F64, &err), &err);
    b.dim = mu_model_dim(model);
    b.x = calloc(b.dim, sizeof *b.x);
    b.minus = calloc(b.dim, sizeof *b.minus);
    b.out = calloc(b.dim, sizeof *b.out);
    b.start = calloc(b.dim, sizeof *b.start);
    b.update = calloc(b.dim, sizeof *b.update);
    mu_model_init(model, 1, b.x);
    for (size_t i = 0; i < b.dim; i++) {
        b.start[i] = (float)b.x[i];
        b.minus[i] = b.x[i] + 1e-3 * sin((double)i);
    }
    const double ratio = compare(&b, name, "step", passes);
    compare(&b, name, "noisy step", passes);
    compare(&b, name, "sum", passes);
    compare(&b, name, "difference", (passes + 2) / 3);
    free(b.x);
    free(b.minus);
    free(b.out);
    free(b.start);
    free(b.update);
    mu_summer_free(b.summer[0]);
    mu_summer_free(b.summer[1]);
    mu_trainer_free(b.trainer);
    mu_model_free(model);
    mu_group_clear(&mu_model_group, &model_config);
    mu_group_clear(&mu_client_group, &client_config);
    return ratio;
}

int main(int argc, char **argv) {
    const size_t passes = argc > 1 ? strtoul(argv[1], NULL, 10) : 15;
    if (passes == 0) {
        fprintf(stderr, "usage: bench_clipping [PASSES]\n");
        return 2;
    }
    mu_blas_single_thread();
    printf("%s\n", mu_blas_version());
    const struct mu_rows pool = make_pool();
    run_workload("W1", "{\"kind\": \"softmax\"}", &pool, passes * 5);
    const double ratio = run_workload("W2", "{\"kind\": \"mlp\", \"hidden\": [200, 200]}", &pool, passes);
    free((void *)(uintptr_t)pool.x);
    free((void *)(uintptr_t)pool.label);
    printf("a private step on W2 costs %.2f times the plain one; the limit is %.1f\n", ratio, limit);
    return ratio <= limit ? 0 : 1;
}
