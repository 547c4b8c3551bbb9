/* Gaussian blobs: class c has its centre m_c, a row of it is m_c plus standard normal noise. The centres' coordinates
 * are normal with variance separation^2 / (2 features), so that two centres are `separation` apart in root mean square:
 * the unit is the standard deviation of a class in any direction. Classes are of equal size up to one row. */
#include <math.h>

#include "muster/base/mem.h"
#include "muster/base/rng.h"
#include "source.h"

struct options {
    int64_t samples, test_samples, features, classes;
    double separation;
};

static const struct mu_field fields[] = {
    {"samples", MU_INT, MU_OPTION, offsetof(struct options, samples), "rows", 1, 1e9, "10000", "training rows", NULL,
     false},
    {"test_samples", MU_INT, MU_OPTION, offsetof(struct options, test_samples), "rows", 0, 1e9, "2000", "test rows",
     NULL, false},
    {"features", MU_INT, MU_OPTION, offsetof(struct options, features), "", 1, 1e6, "20", "numbers per row", NULL,
     false},
    {"classes", MU_INT, MU_OPTION, offsetof(struct options, classes), "", 2, 1e6, "10", "number of blobs", NULL, false},
    {"separation", MU_REAL, MU_OPTION, offsetof(struct options, separation), "standard deviations of a blob", 0, 1e6,
     "4", "root mean square distance between two blobs' centres", NULL, false},
    {0},
};

/* Row i has the ordinal i + 1 of its stream, the centres have 0 of MU_STREAM_DATA. */
static void fill(const struct options *o, uint64_t seed, enum mu_stream stream, const float *centre,
                 struct mu_part *part) {
    const size_t features = (size_t)o->features;
    for (size_t i = 0; i < part->n; i++) {
        const size_t class = i % (size_t)o->classes;
        float *const x = (float *)part->x + i * features;
        struct mu_rng rng;
        mu_rng_init(&rng, seed, stream, 0, (uint32_t)i + 1);
        for (size_t j = 0; j < features; j++) {
            x[j] = centre[class * features + j] + (float)mu_rng_normal(&rng);
        }
        part->label[i] = (int32_t) class;
    }
}

static int load(const struct mu_load *call, struct mu_pool *pool, struct mu_err *err) {
    const struct options *const o = call->options;
    const size_t features = (size_t)o->features, classes = (size_t)o->classes;
    pool->task = (struct mu_task){.kind = MU_CLASSIFICATION, .features = features, .classes = classes};
    pool->elem = MU_F32;
    pool->width = features;
    char place[512];
    mu_place(place, call->file, "/data", "samples");
    MU_TRY(mu_pool_fits((size_t)(o->samples + o->test_samples), features, sizeof(float), place, err));
    MU_TRY(mu_part_new(&pool->train, pool, (size_t)o->samples, err));
    MU_TRY(mu_part_new(&pool->test, pool, (size_t)o->test_samples, err));
    float *const centre = mu_alloc(classes, features * sizeof *centre, err);
    if (centre == NULL) {
        return err->code;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, call->seed, MU_STREAM_DATA, 0, 0);
    for (size_t j = 0; j < classes * features; j++) {
        centre[j] = (float)(mu_rng_normal(&rng) * o->separation / sqrt(2 * (double)features));
    }
    fill(o, call->seed, MU_STREAM_DATA, centre, &pool->train);
    fill(o, call->seed, MU_STREAM_TEST_DATA, centre, &pool->test);
    mu_free(centre);
    return MU_OK;
}

const struct mu_source mu_source_blobs = {
    .kind = {.name = "blobs",
             .summary = "Gaussian blobs, one per class, at a chosen separation",
             .reference = "",
             .group = {fields, sizeof(struct options), NULL}},
    .load = load,
};
