#include "muster/world/world.h"

#include <math.h>

#include "muster/base/mem.h"
#include "ns.h"
#include "property.h"
#include "world_impl.h"

/* What is drawn once per client, and what is required of it. */
struct property_rule {
    const char *field;
    enum mu_property property;
    const char *what;
    int (*check)(const struct mu_law *law, const struct mu_law_scope *scope, const char *what, struct mu_err *err);
};

/* Multiplies each client's value into `table`; with `inverse`, divides. All clients having the same value, as with a
 * bare number, `table` stays a scalar. */
static int multiply_draws(struct mu_per_client *table, const struct mu_law *law, enum mu_property property,
                          bool inverse, const struct mu_world *w, struct mu_err *err) {
    if (law->row == NULL) {
        return MU_OK;
    }
    const double first = mu_property_draw(law, w->seed, 0, property);
    uint32_t client = 1;
    while (client < w->clients && mu_property_draw(law, w->seed, client, property) == first) {
        client++;
    }
    if (client == w->clients && table->each == NULL) {
        table->all = inverse ? table->all / first : table->all * first;
        return MU_OK;
    }
    if (table->each == NULL) {
        if ((table->each = mu_alloc_uninit(w->clients, sizeof *table->each, err)) == NULL) {
            return MU_RANK_FAILED;
        }
        for (uint32_t c = 0; c < w->clients; c++) {
            table->each[c] = table->all;
        }
    }
    for (uint32_t c = 0; c < w->clients; c++) {
        const double draw = mu_property_draw(law, w->seed, c, property);
        table->each[c] = inverse ? table->each[c] / draw : table->each[c] * draw;
    }
    return MU_OK;
}

/* Parses, checks and draws one property into `table`, which holds a factor already. */
static int fill_property(struct mu_per_client *table, const struct mu_choice *choice, const struct property_rule *rule,
                         bool inverse, const struct mu_law_scope *scope, const struct mu_world *w, struct mu_err *err) {
    char pointer[512];
    struct mu_law_scope inner;
    mu_scope_enter(&inner, pointer, scope, rule->field, rule->property);
    struct mu_law law;
    MU_TRY(mu_law_init(&law, choice, &inner, err));
    int rc = law.row == NULL ? MU_OK : rule->check(&law, &inner, rule->what, err);
    if (rc == MU_OK) {
        rc = multiply_draws(table, &law, rule->property, inverse, w, err);
    }
    mu_law_clear(&law);
    return rc;
}

static int fill_compute(struct mu_world *w, const struct mu_compute_config *c, const struct mu_law_scope *scope,
                        struct mu_err *err) {
    static const struct property_rule seconds = {"compute/seconds_per_sample", MU_PROPERTY_SECONDS_PER_SAMPLE,
                                                 "seconds per sample", mu_law_require_positive};
    static const struct property_rule speed = {"compute/speed", MU_PROPERTY_SPEED, "a speed", mu_law_require_positive};
    w->seconds_per_sample.all = c->seconds_per_sample.kind == NULL ? 0.0 : 1.0;
    MU_TRY(fill_property(&w->seconds_per_sample, &c->seconds_per_sample, &seconds, false, scope, w, err));
    return fill_property(&w->seconds_per_sample, &c->speed, &speed, true, scope, w, err);
}

static int fill_network(struct mu_world *w, const struct mu_network_config *n, const struct mu_law_scope *scope,
                        struct mu_err *err) {
    static const struct property_rule down = {"network/down_mbps", MU_PROPERTY_DOWN, "a bandwidth",
                                              mu_law_require_positive};
    static const struct property_rule up = {"network/up_mbps", MU_PROPERTY_UP, "a bandwidth", mu_law_require_positive};
    static const struct property_rule latency = {"network/latency_s", MU_PROPERTY_LATENCY, "a latency",
                                                 mu_law_require_not_negative};
    const double seconds_per_byte = 8e-6; /* at 1 megabit per second */
    w->seconds_per_byte_down.all = n->down_mbps.kind == NULL ? 0.0 : seconds_per_byte;
    w->seconds_per_byte_up.all = n->up_mbps.kind == NULL ? 0.0 : seconds_per_byte;
    w->latency_both_s.all = n->latency_s.kind == NULL ? 0.0 : 2.0;
    MU_TRY(fill_property(&w->seconds_per_byte_down, &n->down_mbps, &down, true, scope, w, err));
    MU_TRY(fill_property(&w->seconds_per_byte_up, &n->up_mbps, &up, true, scope, w, err));
    return fill_property(&w->latency_both_s, &n->latency_s, &latency, false, scope, w, err);
}

/* A law that is drawn anew for each job. */
static int fill_job_law(struct mu_law *law, const struct mu_choice *choice, const char *field,
                        enum mu_property property, const char *what, const struct mu_law_scope *scope,
                        struct mu_err *err) {
    char pointer[512];
    struct mu_law_scope inner;
    mu_scope_enter(&inner, pointer, scope, field, property);
    MU_TRY(mu_law_init(law, choice, &inner, err));
    return law->row == NULL ? MU_OK : mu_law_require_positive(law, &inner, what, err);
}

static int fill_durations(struct mu_world *w, const struct mu_world_config *config, const struct mu_law_scope *scope,
                          struct mu_err *err) {
    if (config->duration_per == MU_DURATION_PER_CLIENT) {
        static const struct property_rule rule = {"duration_s", MU_PROPERTY_DURATION, "a duration",
                                                  mu_law_require_positive};
        w->duration_s.all = 1.0;
        return fill_property(&w->duration_s, &config->duration_s, &rule, false, scope, w, err);
    }
    return fill_job_law(&w->duration, &config->duration_s, "duration_s", MU_PROPERTY_DURATION, "a duration", scope,
                        err);
}

static int fill_world(struct mu_world *w, const struct mu_world_config *config, const struct mu_law_scope *scope,
                      struct mu_err *err) {
    static const struct property_rule dropout = {"dropout", MU_PROPERTY_DROPOUT, "a probability of dropout",
                                                 mu_law_require_probability};
    MU_TRY(fill_durations(w, config, scope, err));
    MU_TRY(fill_compute(w, &config->compute, scope, err));
    MU_TRY(fill_network(w, &config->network, scope, err));
    MU_TRY(fill_job_law(&w->jitter, &config->jitter, "jitter", MU_PROPERTY_JITTER, "a jitter factor", scope, err));
    w->dropout.all = config->dropout.kind == NULL ? 0.0 : 1.0;
    MU_TRY(fill_property(&w->dropout, &config->dropout, &dropout, false, scope, w, err));
    char pointer[512];
    struct mu_law_scope inner;
    mu_scope_enter(&inner, pointer, scope, "stragglers", MU_PROPERTY_STRAGGLER);
    MU_TRY(mu_straggling_init(&w->straggling, &config->stragglers, &inner, err));
    mu_scope_enter(&inner, pointer, scope, "availability", MU_PROPERTY_START);
    MU_TRY(mu_presence_init(&w->presence, &config->availability, &inner, err));
    w->timed = config->duration_s.kind != NULL || config->compute.seconds_per_sample.kind != NULL ||
               config->network.down_mbps.kind != NULL || config->network.up_mbps.kind != NULL ||
               config->network.latency_s.kind != NULL;
    return MU_OK;
}

int mu_world_new(struct mu_world **world, const struct mu_world_config *config, const char *file, uint64_t seed,
                 uint32_t clients, struct mu_err *err) {
    *world = NULL;
    if (clients == 0) {
        return mu_fail(err, MU_BAD_CONFIG, file, "the population is empty: there are no clients");
    }
    struct mu_world *w = mu_alloc(1, sizeof *w, err);
    if (w == NULL) {
        return MU_RANK_FAILED;
    }
    w->seed = seed;
    w->clients = clients;
    const struct mu_law_scope scope = {.file = file, .pointer = "/world", .seed = seed, .clients = clients};
    const int rc = fill_world(w, config, &scope, err);
    if (rc != MU_OK) {
        mu_world_free(w);
        return rc;
    }
    *world = w;
    return MU_OK;
}

void mu_world_free(struct mu_world *world) {
    if (world == NULL) {
        return;
    }
    mu_law_clear(&world->duration);
    mu_law_clear(&world->jitter);
    mu_free(world->duration_s.each);
    mu_free(world->seconds_per_sample.each);
    mu_free(world->seconds_per_byte_down.each);
    mu_free(world->seconds_per_byte_up.each);
    mu_free(world->latency_both_s.each);
    mu_free(world->dropout.each);
    mu_straggling_clear(&world->straggling);
    mu_presence_clear(&world->presence);
    mu_free(world);
}

static double value_of(const struct mu_per_client *table, uint32_t client) {
    return table->each == NULL ? table->all : table->each[client];
}

/* Before jitter and stragglers. */
static double draw_base(const struct mu_world *w, const struct mu_job_request *r, struct mu_rng *rng) {
    if (w->duration.row != NULL) {
        return mu_law_sample(&w->duration, rng, r->client);
    }
    return value_of(&w->duration_s, r->client) + (double)r->samples * value_of(&w->seconds_per_sample, r->client) +
           value_of(&w->latency_both_s, r->client) +
           (double)r->bytes_down * value_of(&w->seconds_per_byte_down, r->client) +
           (double)r->bytes_up * value_of(&w->seconds_per_byte_up, r->client);
}

/* All that is random in a job's duration comes from its own sequence, in this order. */
struct mu_job_time mu_world_duration(const struct mu_world *w, const struct mu_job_request *r) {
    struct mu_rng rng;
    mu_rng_init(&rng, w->seed, MU_STREAM_DELAY, r->client, r->ordinal);
    double seconds = draw_base(w, r, &rng);
    bool timed = w->timed;
    if (w->jitter.row != NULL) {
        seconds *= mu_law_sample(&w->jitter, &rng, r->client);
    }
    const struct mu_straggling *s = &w->straggling;
    if (s->row == NULL || s->row->job == NULL) {
        return (struct mu_job_time){.duration_ns = timed ? ns_positive(seconds) : 0};
    }
    const struct mu_straggle straggle = mu_straggling_job(s, r->client, r->ordinal);
    if (!isnan(straggle.duration_s)) {
        seconds = straggle.duration_s;
        timed = true;
    }
    seconds = seconds * straggle.slowdown + straggle.extra_s;
    if (straggle.straggles) {
        if (s->slowdown.row != NULL) {
            seconds *= mu_law_sample(&s->slowdown, &rng, r->client);
        }
        if (s->extra_s.row != NULL) {
            seconds += mu_law_sample(&s->extra_s, &rng, r->client);
        }
    }
    return (struct mu_job_time){.duration_ns = timed ? ns_positive(seconds) : ns_from_seconds(seconds),
                                .straggles = straggle.straggles};
}

struct mu_job_time mu_world_job(const struct mu_world *world, const struct mu_job_request *request) {
    struct mu_job_time time = mu_world_duration(world, request);
    const double p = mu_world_dropout(world, request->client);
    if (p > 0.0) {
        struct mu_rng rng;
        mu_rng_init(&rng, world->seed, MU_STREAM_DROPOUT, request->client, request->ordinal);
        time.lost = mu_rng_uniform(&rng) < p;
    }
    return time;
}

struct mu_job_time mu_world_job_at(const struct mu_world *world, const struct mu_job_request *request,
                                   uint64_t start_ns) {
    struct mu_job_time time = mu_world_job(world, request);
    if (mu_world_always_available(world)) {
        return time;
    }
    uint64_t until = MU_NEVER;
    if (!mu_presence_at(&world->presence, request->client, start_ns, &until)) {
        time.duration_ns = 1;
        time.lost = time.offline = true;
    } else if (until < add_ns(start_ns, time.duration_ns)) {
        time.duration_ns = until - start_ns;
        time.lost = time.offline = true;
    }
    return time;
}

bool mu_world_available(const struct mu_world *world, uint32_t client, uint64_t t, uint64_t *until) {
    return mu_presence_at(&world->presence, client, t, until);
}

bool mu_world_always_available(const struct mu_world *world) {
    return world->presence.row == NULL || world->presence.row->at == NULL;
}

double mu_world_dropout(const struct mu_world *world, uint32_t client) {
    return value_of(&world->dropout, client);
}
