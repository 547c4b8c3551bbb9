/* The partition's statistics, for people who are about to run: is the skew what they meant? */
#include <inttypes.h>
#include <stdlib.h>

#include "data_impl.h"
#include "muster/base/mem.h"

enum {
    SHOWN_CLIENTS = 5,      /* most skewed clients whose histogram is printed */
    GENERATED_CLIENTS = 200 /* on demand, only so many clients are generated to look at their labels */
};

static int compare_sizes(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int print_sizes(const struct mu_data *data, FILE *out, struct mu_err *err) {
    uint64_t *const size = mu_alloc(data->clients, sizeof *size, err);
    if (size == NULL) {
        return err->code;
    }
    for (uint32_t client = 0; client < data->clients; client++) {
        size[client] = mu_data_size(data, client);
    }
    qsort(size, data->clients, sizeof *size, compare_sizes);
    const size_t last = data->clients - 1;
    fprintf(out,
            "sizes      min %" PRIu64 ", quartiles %" PRIu64 " / %" PRIu64 " / %" PRIu64 ", max %" PRIu64
            ", mean %.1f\n",
            size[0], size[last / 4], size[last / 2], size[last - last / 4], size[last],
            (double)data->total / (double)data->clients);
    mu_free(size);
    return MU_OK;
}

/* count[classes] of a client's labels. */
static int count_labels(const struct mu_data *data, uint32_t client, struct mu_space *space, uint64_t *count, size_t *n,
                        struct mu_err *err) {
    struct mu_rows rows;
    MU_TRY(mu_data_client(data, client, space, &rows, err));
    for (size_t c = 0; c < data->task.classes; c++) {
        count[c] = 0;
    }
    for (size_t i = 0; i < rows.n; i++) {
        count[rows.label[i]]++;
    }
    *n = rows.n;
    return MU_OK;
}

struct skew {
    double distance; /* total variation, 0..1 */
    uint32_t client;
};

static int compare_skews(const void *a, const void *b) {
    const struct skew *const x = a, *const y = b;
    return x->distance != y->distance ? (x->distance < y->distance) - (x->distance > y->distance)
                                      : (x->client > y->client) - (x->client < y->client);
}

static double total_variation(size_t classes, const uint64_t *count, size_t n, const double *global) {
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        const double difference = (double)count[c] / (double)n - global[c];
        sum += difference < 0 ? -difference : difference;
    }
    return sum / 2;
}

/* Label counts of one client: at most the twelve largest classes would fit a line, so zeros are left out. */
static void print_histogram(FILE *out, size_t classes, const uint64_t *count) {
    enum { FIT = 12 };
    size_t printed = 0, present = 0;
    for (size_t c = 0; c < classes; c++) {
        present += count[c] > 0;
        if (count[c] > 0 && printed < FIT) {
            fprintf(out, "%s%zu:%" PRIu64, printed++ > 0 ? " " : "", c, count[c]);
        }
    }
    fprintf(out, present > printed ? " and %zu more\n" : "\n", present - printed);
}

struct look {
    uint32_t clients; /* looked at */
    uint64_t *count;  /* classes */
    double *global;   /* classes */
    struct skew *skew;
    struct mu_space space;
};

static int measure_skews(const struct mu_data *data, struct look *look, struct mu_err *err) {
    const size_t classes = data->task.classes;
    double rows = 0;
    size_t n = 0;
    for (uint32_t client = 0; client < look->clients; client++) {
        MU_TRY(count_labels(data, client, &look->space, look->count, &n, err));
        for (size_t c = 0; c < classes; c++) {
            look->global[c] += (double)look->count[c];
        }
        rows += (double)n;
    }
    for (size_t c = 0; c < classes; c++) {
        look->global[c] /= rows;
    }
    for (uint32_t client = 0; client < look->clients; client++) {
        MU_TRY(count_labels(data, client, &look->space, look->count, &n, err));
        look->skew[client].client = client;
        look->skew[client].distance = n > 0 ? total_variation(classes, look->count, n, look->global) : 0;
    }
    qsort(look->skew, look->clients, sizeof *look->skew, compare_skews);
    return MU_OK;
}

static int print_skews(const struct mu_data *data, FILE *out, struct look *look, struct mu_err *err) {
    MU_TRY(measure_skews(data, look, err));
    double mean = 0;
    for (uint32_t i = 0; i < look->clients; i++) {
        mean += look->skew[i].distance / look->clients;
    }
    fprintf(out, "skew       total variation distance from the global label histogram: mean %.3f, max %.3f", mean,
            look->skew[0].distance);
    fprintf(out, look->clients < data->clients ? " (of the first %u clients)\n" : "\n", look->clients);
    for (uint32_t i = 0; i < look->clients && i < SHOWN_CLIENTS; i++) {
        size_t n = 0;
        MU_TRY(count_labels(data, look->skew[i].client, &look->space, look->count, &n, err));
        fprintf(out, "  client %-7u %zu rows, distance %.3f, labels ", look->skew[i].client, n, look->skew[i].distance);
        print_histogram(out, data->task.classes, look->count);
    }
    return MU_OK;
}

static int describe_labels(const struct mu_data *data, FILE *out, struct mu_err *err) {
    struct look look = {.clients = data->clients};
    int rc = MU_OK;
    if (data->start == NULL && look.clients > GENERATED_CLIENTS) {
        look.clients = GENERATED_CLIENTS;
    }
    if ((look.count = mu_alloc(data->task.classes, sizeof *look.count, err)) == NULL ||
        (look.global = mu_alloc(data->task.classes, sizeof *look.global, err)) == NULL ||
        (look.skew = mu_alloc(look.clients, sizeof *look.skew, err)) == NULL) {
        rc = err->code;
    } else {
        rc = print_skews(data, out, &look, err);
    }
    mu_free(look.count);
    mu_free(look.global);
    mu_free(look.skew);
    mu_space_clear(&look.space);
    return rc;
}

int mu_data_describe(const struct mu_data *data, FILE *out, struct mu_err *err) {
    fprintf(out, "data       %s: %" PRIu64 " training rows, %zu test rows, %zu %s", data->source->kind.name,
            data->total, data->test.n, data->task.features,
            data->task.kind == MU_QUADRATIC ? "dimensions" : "features");
    if (data->task.kind == MU_CLASSIFICATION) {
        fprintf(out, ", %zu classes", data->task.classes);
    }
    fprintf(out, "\nclients    %u (%s)\n", data->clients,
            data->source->fixes_clients ? "fixed by the source" : data->config->partition.kind->name);
    MU_TRY(print_sizes(data, out, err));
    return data->task.kind == MU_CLASSIFICATION ? describe_labels(data, out, err) : MU_OK;
}
