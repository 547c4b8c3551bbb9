/* Expectations over a client's jobs. */
#include <math.h>

#include "ns.h"
#include "world_impl.h"

static double windows(double ns, uint64_t window_ns) {
    return window_ns == 0 ? ns : ceil(ns / (double)window_ns);
}

static double windows_of(uint64_t ns, uint64_t window_ns) {
    return window_ns == 0 ? (double)ns : (double)(ns / window_ns + (ns % window_ns != 0));
}

/* E[ceil(X / w)] = sum over k >= 0 of P(X > k w). Returns NAN if that converges too slowly. */
static double sum_tail(const struct mu_law *law, uint32_t client, uint64_t window_ns) {
    enum { MOST = 100000 };
    double sum = 0.0;
    for (int k = 0; k < MOST; k++) {
        const double tail = 1.0 - mu_law_cdf(law, client, k * ((double)window_ns * 1e-9));
        sum += tail;
        if (tail < 1e-14) {
            return sum;
        }
    }
    return NAN;
}

static double average_draws(const struct mu_world *w, const struct mu_job_request *request, uint64_t window_ns) {
    const uint32_t share = 4096000 / w->clients;
    const uint32_t draws = share > 4096 ? 4096 : share < 64 ? 64 : share;
    struct mu_job_request r = *request;
    double mean = 0.0;
    for (uint32_t i = 0; i < draws; i++) {
        r.ordinal = UINT32_MAX - i; /* job numbers that no run reaches */
        const double x = windows_of(mu_world_duration(w, &r).duration_ns, window_ns);
        mean += (x - mean) / (i + 1.0);
    }
    return mean;
}

double mu_world_expect(const struct mu_world *world, const struct mu_job_request *request, uint64_t window_ns) {
    const bool straggling = world->straggling.row != NULL && world->straggling.row->job != NULL;
    const bool jitter = world->jitter.row != NULL && !world->jitter.row->fixed;
    const bool random = world->duration.row != NULL && !world->duration.row->fixed;
    if (!straggling && !jitter && !random) {
        return windows_of(mu_world_duration(world, request).duration_ns, window_ns);
    }
    if (!straggling && world->jitter.row == NULL) {
        const double mean = mu_law_mean(&world->duration, request->client);
        if (isinf(mean) || window_ns == 0) {
            return windows(mean * 1e9, window_ns);
        }
        const double sum = sum_tail(&world->duration, request->client, window_ns);
        if (!isnan(sum)) {
            return sum;
        }
    }
    return average_draws(world, request, window_ns);
}
