/* CA2FL (Wang et al. 2024, in the form of an implementation that specs/async.md section 4 restates): the server keeps
 * the last update h_i of every client, and h, the mean of all N. With S the buffer, x += h + 1/|S| sum over S of
 * (update_i - h_i), then h_i = update_i, so h += 1/N sum over S of (update_i - h_i). The h_i live on the clients' home
 * ranks, h is an auxiliary slot. */
#include "buffer.h"

struct ca2fl {
    struct mu_buffer buffer;
};

static const struct mu_field fields[] = {MU_BUFFER_FIELDS(struct ca2fl, buffer), {0}};

enum { MODEL = 0, MEAN = 1 };

/* A client that is in the buffer twice replaces its h_i twice, (u - h_i) + (u' - u) = u' - h_i: only its last update
 * counts. Writes the terms of the sum of weight (update_i - h_i); returns how many. */
static size_t fill_terms(struct mu_sim *sim, const struct mu_buffer *buffer, double weight, struct mu_term *term) {
    const size_t n = buffer->jobs.n;
    size_t all = n;
    for (size_t i = 0; i < n; i++) {
        const mu_job job = (mu_job)buffer->jobs.v[i];
        const uint32_t client = mu_sim_update(sim, job)->client;
        bool last = true;
        for (size_t j = i + 1; j < n && last; j++) {
            last = mu_sim_update(sim, (mu_job)buffer->jobs.v[j])->client != client;
        }
        term[i] = (struct mu_term){MU_TERM_UPDATE, job, 0, last ? weight : 0};
        if (last) {
            term[all++] = (struct mu_term){MU_TERM_CLIENT, client, 0, -weight};
        }
    }
    return all;
}

static int step(const struct mu_buffer *buffer, struct mu_sim *sim, size_t n, struct mu_term *term) {
    size_t all = fill_terms(sim, buffer, 1 / (double)n, term);
    term[all++] = (struct mu_term){MU_TERM_VERSION, mu_sim_version(sim, MEAN), MEAN, 1};
    MU_TRY(mu_sim_combine(sim, MODEL, 0, all, term));
    all = fill_terms(sim, buffer, 1.0 / mu_sim_clients(sim), term);
    MU_TRY(mu_sim_combine(sim, MEAN, 0, all, term));
    MU_TRY(mu_sim_step(sim, MEAN));
    return mu_sim_step(sim, MODEL);
}

static const struct mu_buffer_policy policy = {.work = {.slot = MODEL, .control = MU_NO_SLOT, .cached = true},
                                               .step = step};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_buffer_check(state, context, err);
}

static int start(void *state, struct mu_sim *sim) {
    return mu_buffer_fill(state, sim, &policy);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    return mu_buffer_arrival(state, sim, update, &policy);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    (void)loss;
    return mu_buffer_fill(state, sim, &policy);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    return mu_buffer_fill(state, sim, &policy);
}

static int finish(void *state, struct mu_sim *sim) {
    return mu_buffer_finish(state, sim, &policy);
}

const struct mu_strategy mu_strategy_ca2fl = {
    .kind = {"ca2fl",
             "a buffer whose updates are corrected by every client's last one",
             "Wang et al. 2024",
             {fields, sizeof(struct ca2fl), NULL}},
    .auxiliary = 1,
    .client_vectors = true,
    .asynchronous = true,
    .concurrency = mu_buffer_concurrency,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
    .finish = finish,
};
