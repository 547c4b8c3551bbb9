/* Small problems for the tests of the train layer: random rows, models and trainers from JSON text. */
#ifndef MUSTER_TESTS_TRAIN_SUPPORT_H
#define MUSTER_TESTS_TRAIN_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <cmocka.h>

#include "muster/base/rng.h"
#include "muster/train/local.h"
#include "muster/train/model.h"

static inline void check_ok(int code, const struct mu_err *err) {
    if (code != MU_OK) {
        fail_msg("%s: %s", err->place, err->text);
    }
}

static inline void *make(size_t n, size_t size) {
    void *const block = calloc(n + 1, size);
    assert_non_null(block);
    return block;
}

/* Rows of normal numbers; the labels or targets the task wants. Float32 rows hold numbers that are exact in both types.
 */
struct problem {
    struct mu_task task;
    struct mu_rows rows;
    double *x, *target;
    int32_t *label;
};

static inline struct problem *make_problem(enum mu_task_kind kind, size_t n, size_t features, size_t classes,
                                           bool matrix, uint64_t seed) {
    struct problem *const p = make(1, sizeof *p);
    const size_t width = matrix ? features * features + features : features;
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_DATA, 0, 0);
    p->task = (struct mu_task){.kind = kind, .features = features, .classes = classes, .matrix = matrix};
    p->x = make(n * width, sizeof *p->x);
    p->target = make(n, sizeof *p->target);
    p->label = make(n, sizeof *p->label);
    for (size_t i = 0; i < n * width; i++) {
        p->x[i] = (double)(float)mu_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++) {
        p->target[i] = (double)(float)mu_rng_normal(&rng);
        p->label[i] = (int32_t)mu_rng_below(&rng, classes > 0 ? classes : 1);
    }
    p->rows = (struct mu_rows){
        .n = n, .width = width, .elem = MU_F64, .scale = 1, .x = p->x, .label = p->label, .target = p->target};
    return p;
}

static inline void free_problem(struct problem *p) {
    free(p->x);
    free(p->target);
    free(p->label);
    free(p);
}

/* A model for a problem, and a trainer, from the config's text. */
struct setup {
    struct mu_model_config model_config;
    struct mu_client_config client_config;
    struct mu_model *model;
    struct mu_trainer *trainer;
    size_t dim;
    bool f32;
};

static inline void parse(const struct mu_group *group, const char *text, void *out) {
    struct mu_err err = {0};
    cJSON *const json = cJSON_Parse(text);
    assert_non_null(json);
    check_ok(mu_group_parse(group, json, "test", "", out, &err), &err);
    cJSON_Delete(json);
}

static inline struct setup *make_setup(const struct problem *p, const char *model, const char *client) {
    struct setup *const s = make(1, sizeof *s);
    struct mu_err err = {0};
    parse(&mu_model_group, model, &s->model_config);
    parse(&mu_client_group, client, &s->client_config);
    check_ok(mu_model_new(&s->model, &s->model_config, "test", &p->task, &err), &err);
    check_ok(mu_trainer_new(&s->trainer, s->model, &s->client_config, &err), &err);
    s->dim = mu_model_dim(s->model);
    s->f32 = mu_model_elem(s->model) == MU_F32;
    return s;
}

static inline void free_setup(struct setup *s) {
    mu_trainer_free(s->trainer);
    mu_model_free(s->model);
    mu_group_clear(&mu_model_group, &s->model_config);
    mu_group_clear(&mu_client_group, &s->client_config);
    free(s);
}

/* n doubles as numbers of the model's type, and back; the caller frees. */
static inline void *encode(const struct setup *s, const double *x) {
    double *const out = make(s->dim, sizeof *out);
    for (size_t i = 0; i < s->dim; i++) {
        if (s->f32) {
            ((float *)(void *)out)[i] = (float)x[i];
        } else {
            out[i] = x[i];
        }
    }
    return out;
}

static inline double *decode(const struct setup *s, const void *x) {
    double *const out = make(s->dim, sizeof *out);
    for (size_t i = 0; i < s->dim; i++) {
        out[i] = s->f32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
    }
    return out;
}

/* Parameters away from every symmetry: normal with the given spread, exact in float32. */
static inline double *make_point(size_t dim, double spread, uint64_t seed) {
    double *const x = make(dim, sizeof *x);
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_INIT, 7, 0);
    for (size_t i = 0; i < dim; i++) {
        x[i] = (double)(float)(spread * mu_rng_normal(&rng));
    }
    return x;
}

/* Largest |a - b| over n numbers, NaN if any is. */
static inline double max_difference(size_t n, const double *a, const double *b) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(a[i] - b[i]);
        largest = d > largest || isnan(d) ? d : largest;
    }
    return largest;
}

/* The update of one job as doubles, the caller's to free; start has dim doubles. */
static inline double *run_job(struct setup *s, const struct problem *p, const double *start, const double *drift,
                              uint32_t ordinal, struct mu_local_result *result) {
    struct mu_err err = {0};
    const double *const options = s->client_config.optimizer.options;
    void *const x = encode(s, start), *const c = drift != NULL ? encode(s, drift) : NULL;
    void *const update = make(s->dim, sizeof(double));
    const struct mu_local_job job = {
        .rows = &p->rows, .start = x, .drift = c, .seed = 5, .client = 3, .ordinal = ordinal, .lr = options[0]};
    check_ok(mu_trainer_run(s->trainer, &job, update, result, NULL, &err), &err);
    double *const out = decode(s, update);
    free(x);
    free(c);
    free(update);
    return out;
}

#endif
