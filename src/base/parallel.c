#include "muster/base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

int mu_cores(void) {
    cpu_set_t cores; /* fails on a host of more than 1024 */
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

struct part {
    void (*work)(void *context, size_t k);
    void *context;
    size_t k;
    pthread_t thread;
    bool started;
};

static void *run(void *part_) {
    const struct part *part = part_;
    part->work(part->context, part->k);
    return NULL;
}

static void start(struct part *part) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    part->started = pthread_create(&part->thread, NULL, run, part) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void mu_parallel(size_t n, void (*work)(void *context, size_t k), void *context) {
    enum { MOST = 16 };
    struct part part[MOST];
    const size_t threads = n < MOST && mu_cores() > 1 ? n : 0;
    for (size_t k = 1; k < threads; k++) {
        part[k] = (struct part){.work = work, .context = context, .k = k};
        start(&part[k]);
    }
    for (size_t k = 0; k < n; k++) {
        if (k == 0 || k >= threads || !part[k].started) {
            work(context, k);
        } else {
            pthread_join(part[k].thread, NULL);
        }
    }
}
