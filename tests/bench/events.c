/* How fast the event engine is by itself: FedBuff over a million clients with 10,000 in flight, exponential durations,
 * and the model "none", so that nothing is trained. One arrival is an event, its client's next job with its duration
 * drawn, and a tenth of a server step. It prints arrivals per second of engine time, the best of three runs, and the
 * peak memory of the process. Usage: bench_events [updates]; one rank, no MPI. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "muster/base/clock.h"
#include "muster/run/scenario.h"

static void die(const struct mu_err *err) {
    fprintf(stderr, "bench: %s: %s\n", err->place, err->text);
    exit(err->code);
}

static double run_once(const struct mu_stage *stage) {
    const struct mu_scenario *s = stage->scenario;
    const struct mu_observer observer = {0};
    const struct mu_sim_setup setup = {
        .file = stage->file,
        .seed = 1,
        .comm = stage->comm,
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
    struct mu_err err = {0};
    const double start = mu_monotonic_s();
    if (mu_sim_run(&setup, &result, &err) != MU_OK) {
        die(&err);
    }
    const double rate = (double)result.updates / (mu_monotonic_s() - start);
    mu_sim_result_clear(&result);
    return rate;
}

int main(int argc, char **argv) {
    struct mu_comm *comm = mu_comm_solo();
    struct mu_err err = {0};
    struct mu_scenario scenario;
    struct mu_stage stage;
    char set[64];
    const char *const sets[] = {set};
    double best = 0;
    snprintf(set, sizeof set, "stop.updates=%s", argc > 1 ? argv[1] : "5000000");
    for (int i = 0; i < 3; i++) {
        /* A fresh scenario each time: the strategy's state is part of it. */
        if (mu_scenario_read(MUSTER_BENCH "/events.json", 1, sets, comm, &scenario, &err) != MU_OK ||
            mu_stage_new(&stage, MUSTER_BENCH "/events.json", &scenario, comm, &err) != MU_OK) {
            die(&err);
        }
        const double rate = run_once(&stage);
        best = rate > best ? rate : best;
        mu_stage_clear(&stage);
        mu_scenario_clear(&scenario);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("events: %.0f arrivals/s, peak memory %.0f MB\n", best, (double)usage.ru_maxrss / 1024);
    mu_comm_stop(comm);
    return 0;
}
