#include "buffer.h"

const char *const mu_redispatches[] = {"immediate", "at_update", NULL};

int mu_buffer_check(const struct mu_buffer *buffer, const struct mu_strategy_context *context, struct mu_err *err) {
    MU_TRY(mu_concurrency_check(buffer->concurrency, context, err));
    const int64_t concurrency = buffer->concurrency == MU_UNSET ? (int64_t)context->clients : buffer->concurrency;
    if (buffer->redispatch == MU_AT_UPDATE && buffer->buffer_size > concurrency) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "buffer_size"),
                "a buffer of %lld never fills with %lld jobs in flight that wait for the step",
                (long long)buffer->buffer_size, (long long)concurrency);
        return mu_fail_help(err, "lower buffer_size, raise concurrency, or set redispatch to immediate");
    }
    return MU_OK;
}

/* Clients whose updates wait in the buffer keep their places until the step. */
uint64_t mu_buffer_concurrency(const void *options, uint32_t clients) {
    return mu_concurrency_promise(((const struct mu_buffer *)options)->concurrency, clients);
}

int mu_buffer_fill(const struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_buffer_policy *policy) {
    const uint64_t concurrency = mu_concurrency(buffer->concurrency, sim);
    const uint64_t held = buffer->redispatch == MU_AT_UPDATE ? buffer->jobs.n : 0;
    return mu_fill(sim, &policy->work, concurrency > held ? concurrency - held : 0);
}

static int step_and_release(struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_buffer_policy *policy) {
    const size_t n = buffer->jobs.n;
    struct mu_term *term = mu_terms(sim, 2 * n + 1);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        term[i] = (struct mu_term){MU_TERM_UPDATE, (mu_job)buffer->jobs.v[i], 0, 1};
    }
    int code = policy->step(buffer, sim, n, term);
    mu_free(term);
    for (size_t i = 0; code == MU_OK && i < n; i++) {
        code = mu_sim_release(sim, (mu_job)buffer->jobs.v[i], true);
    }
    buffer->jobs.n = 0;
    return code;
}

/* Under client-level privacy a client enters a step at most once. */
static bool is_repeated(const struct mu_buffer *buffer, struct mu_sim *sim, uint32_t client) {
    if (!mu_protects_clients(sim)) {
        return false;
    }
    for (size_t i = 0; i < buffer->jobs.n; i++) {
        if (mu_sim_update(sim, (mu_job)buffer->jobs.v[i])->client == client) {
            return true;
        }
    }
    return false;
}

int mu_buffer_arrival(struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_update *update,
                      const struct mu_buffer_policy *policy) {
    if (buffer->max_staleness != MU_UNSET && update->staleness > (uint64_t)buffer->max_staleness) {
        MU_TRY(mu_sim_release(sim, update->job, false));
        return mu_buffer_fill(buffer, sim, policy);
    }
    if (is_repeated(buffer, sim, update->client)) {
        MU_TRY(mu_sim_release(sim, update->job, false));
        return mu_buffer_fill(buffer, sim, policy);
    }
    MU_TRY(mu_note(sim, &buffer->jobs, (int64_t)update->job));
    if (buffer->jobs.n >= (size_t)buffer->buffer_size) {
        MU_TRY(step_and_release(buffer, sim, policy));
    }
    return mu_buffer_fill(buffer, sim, policy);
}

int mu_buffer_finish(struct mu_buffer *buffer, struct mu_sim *sim, const struct mu_buffer_policy *policy) {
    return buffer->flush_at_end && buffer->jobs.n > 0 ? step_and_release(buffer, sim, policy) : MU_OK;
}
