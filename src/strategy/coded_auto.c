/* Chooses a coded scheme and its parameters during the run (Krishnan, Ebrahimi and Khisti 2023, section 4.1 and
 * appendix J): some uncoded rounds record what time each worker takes, what is left of the run is done by the scheme
 * that would have been the fastest in them. Jobs, rows and what is drawn for rounds go on where the probe ends. */
#include <math.h>

#include <cJSON.h>

#include "coded_plain.h"
#include "coded_probe.h"
#include "fill.h"
#include "muster/coding/select.h"
#include "muster/strategy/strategies.h"

struct coded_auto {
    struct mu_coded coded; /* of the probe; its options are those of the scheme too */
    int64_t probe, horizon, window;
    double alpha, vector_s; /* NAN: measured */
    bool cyclic;
    struct mu_reals time_s;  /* [probe][n] */
    struct mu_choice scheme; /* none during the probe */
};

static const struct mu_field fields[] = {
    {"probe", MU_INT, MU_OPTION, offsetof(struct coded_auto, probe), "rounds", 4, 1e5, NULL,
     "uncoded rounds before a scheme is chosen; a multiple of four measures best"},
    {"models", MU_INT, MU_OPTION, offsetof(struct coded_auto, coded.models), "", 1, 64, "4",
     "models trained in rotation; schemes whose delay is less are tried"},
    {"window", MU_INT, MU_OPTION, offsetof(struct coded_auto, window), "rounds", 2, 1000, "24",
     "the longest window W of sr_sgc that is tried"},
    {"horizon", MU_INT, MU_OPTION, offsetof(struct coded_auto, horizon), "jobs", 1, 1e6, "80",
     "what each candidate is timed over, repeating the probe's rounds"},
    {"alpha", MU_REAL, MU_OPTION, offsetof(struct coded_auto, alpha), "seconds", 0, 1e12, "null",
     "time that the whole batch takes one worker; null: measured, by shares that differ during the probe"},
    {"vector_s", MU_REAL, MU_OPTION, offsetof(struct coded_auto, vector_s), "seconds", 0, 1e9, "null",
     "time that each further vector of a message takes; null: measured, by messages of two during the probe"},
    {"cyclic", MU_BOOL, MU_OPTION, offsetof(struct coded_auto, cyclic), "", 0, 0, "false",
     "cyclic codes only; otherwise fractional repetition where it can be had"},
    MU_CODED_RULE_FIELDS(struct coded_auto, coded),
    MU_CODED_WORK_FIELDS(struct coded_auto, coded),
    {"time_s", MU_REALS, MU_STATE, offsetof(struct coded_auto, time_s), "seconds", 0, 0, "[]",
     "of each worker in each round of the probe"},
    {"scheme", MU_CHOICE, MU_STATE, offsetof(struct coded_auto, scheme), "", 0, 0, "null", "that was chosen",
     &mu_strategies},
    {0},
};

static const struct mu_strategy *inner(const struct coded_auto *s) {
    return (const void *)s->scheme.kind;
}

static uint32_t models(const void *options) {
    const struct coded_auto *const s = options;
    return mu_coded_models(&s->coded, 0);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct coded_auto *const s = state;
    if (context->steps > 0 && context->steps <= s->probe) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "probe"),
                "a probe of %lld rounds, but the run stops after %lld steps", (long long)s->probe,
                (long long)context->steps);
        return mu_fail_help(err, "choose a shorter probe, or more steps in /stop");
    }
    return mu_coded_check(&s->coded, 0, context, err);
}

static struct mu_coded_probe probe_of(const struct coded_auto *s, const struct mu_sim *sim) {
    return (struct mu_coded_probe){mu_sim_clients(sim), (uint32_t)s->probe, isnan(s->alpha), isnan(s->vector_s)};
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    struct coded_auto *const s = state;
    const struct mu_coded_probe probe = probe_of(s, sim);
    const struct mu_coded_share share = mu_coded_probe_share(&probe, (uint32_t)s->coded.round, worker);
    const uint64_t border = share.parts == 2 ? (share.from + share.to) / 2 : share.to;
    mu_coded_part(task, s->coded.round);
    mu_coded_add(task, s->coded.round, 1, share.from, border, mu_coded_probe_units(&probe));
    if (share.parts == 2) {
        mu_coded_part(task, s->coded.round);
        mu_coded_add(task, s->coded.round, 1, border, share.to, mu_coded_probe_units(&probe));
    }
    return MU_OK;
}

/* The best candidate of all schemes, in simulated seconds; of equal ones the simplest. */
static int choose(struct coded_auto *s, struct mu_sim *sim, struct mu_estimate *best, struct mu_coded_cost *cost,
                  struct mu_err *err) {
    const struct mu_coded_probe probe = probe_of(s, sim);
    const struct mu_select_options options = {.rule = {s->coded.mu, (enum mu_wait_out)s->coded.wait_out},
                                              .jobs = s->horizon,
                                              .most_delay = mu_coded_models(&s->coded, 0) - 1,
                                              .most_W = (uint32_t)s->window,
                                              .groups = !s->cyclic};
    MU_TRY(mu_coded_probe_cost(&probe, s->time_s.v, cost, err));
    cost->alpha = probe.load ? cost->alpha : s->alpha;
    cost->vector_s = probe.vectors ? cost->vector_s : s->vector_s;
    struct mu_profile profile;
    MU_TRY(mu_profile_init(&profile, probe.n, probe.rounds, s->time_s.v, 1.0 / probe.n, cost->alpha, err));
    profile.vector_s = cost->vector_s;
    struct mu_estimate each[MU_SCHEMES];
    enum mu_scheme winner;
    const int code = mu_select_schemes(&profile, &options, each, &winner, err);
    *best = code == MU_OK ? each[winner] : (struct mu_estimate){0};
    mu_profile_clear(&profile);
    return code;
}

/* {"kind": ...}, as a config would have it. */
static cJSON *scheme_json(const struct coded_auto *s, const struct mu_candidate *c) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "kind", mu_scheme_names[c->scheme]);
    cJSON_AddNumberToObject(json, "models", (double)s->coded.models);
    cJSON_AddBoolToObject(json, "dedup", s->coded.dedup);
    if (s->coded.batch != 0) {
        cJSON_AddNumberToObject(json, "batch", (double)s->coded.batch);
    }
    if (c->scheme == MU_SCHEME_UNCODED) {
        return json;
    }
    cJSON_AddNumberToObject(json, "mu", s->coded.mu);
    cJSON_AddStringToObject(json, "wait_out", mu_wait_outs[s->coded.wait_out]);
    cJSON *code = cJSON_AddObjectToObject(json, "code");
    cJSON_AddStringToObject(code, "kind", s->cyclic ? "cyclic" : "auto");
    if (c->scheme == MU_SCHEME_GC) {
        cJSON_AddNumberToObject(code, "s", c->s);
        return json;
    }
    cJSON_AddNumberToObject(json, "B", c->B);
    cJSON_AddNumberToObject(json, "W", c->W);
    cJSON_AddNumberToObject(json, "lambda", c->lambda);
    return json;
}

static int make_scheme(struct coded_auto *s, const struct mu_candidate *candidate, struct mu_err *err) {
    static const struct mu_field row[] = {
        {"scheme", MU_CHOICE, MU_OPTION, 0, "", 0, 0, NULL, "the scheme", &mu_strategies},
        {0},
    };
    static const struct mu_group group = {row, sizeof(struct mu_choice), NULL};
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "scheme", scheme_json(s, candidate));
    const int code = mu_group_parse(&group, json, "coded_auto", "", &s->scheme, err);
    cJSON_Delete(json);
    return code;
}

static void note(struct mu_sim *sim, const struct mu_estimate *best, const struct mu_coded_cost *cost) {
    const struct mu_candidate *const c = &best->candidate;
    mu_sim_note(sim, "scheme", c->scheme);
    mu_sim_note(sim, "alpha_s", cost->alpha);
    mu_sim_note(sim, "vector_s", cost->vector_s);
    mu_sim_note(sim, "estimated_round_s", best->total_s / (double)best->rounds);
    if (c->scheme == MU_SCHEME_GC) {
        mu_sim_note(sim, "s", c->s);
    } else if (c->scheme != MU_SCHEME_UNCODED) {
        mu_sim_note(sim, "B", c->B);
        mu_sim_note(sim, "W", c->W);
        mu_sim_note(sim, "lambda", c->lambda);
    }
}

/* Before the probe's last step, so that its record tells. */
static int decide(struct coded_auto *s, struct mu_sim *sim) {
    struct mu_err err = {.code = MU_OK};
    struct mu_coded_cost cost;
    struct mu_estimate best;
    if (choose(s, sim, &best, &cost, &err) != MU_OK || make_scheme(s, &best.candidate, &err) != MU_OK) {
        return mu_sim_fail(sim, err.code, "choosing a coded scheme: %s", err.text);
    }
    note(sim, &best, &cost);
    return MU_OK;
}

/* The sum of all messages, each of one vector or two. */
static int step(struct coded_auto *s, struct mu_sim *sim) {
    const uint32_t n = mu_sim_clients(sim);
    const struct mu_coded_probe probe = probe_of(s, sim);
    struct mu_term *term = mu_terms(sim, 2 * (size_t)n + 1);
    size_t terms = 0;
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct mu_coded_share share = mu_coded_probe_share(&probe, (uint32_t)s->coded.round, i);
        for (uint32_t part = 0; part < share.parts; part++) {
            const mu_job job = mu_coded_job(&s->coded, sim, s->coded.round, i);
            term[terms++] = (struct mu_term){MU_TERM_UPDATE, job, part, 1};
        }
    }
    int code = mu_coded_step(&s->coded, sim, 0, s->coded.round, terms, term);
    mu_free(term);
    for (uint32_t i = 0; i < n && code == MU_OK; i++) {
        code = mu_coded_release(&s->coded, sim, s->coded.round, i, true);
    }
    return code;
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct coded_auto *const s = state;
    (void)late, (void)again, (void)more; /* everybody has arrived */
    MU_TRY(s->coded.round + 1 == s->probe ? decide(s, sim) : MU_OK);
    return step(s, sim);
}

static int over(void *state, struct mu_sim *sim) {
    struct coded_auto *const s = state;
    struct mu_coded *const coded = s->scheme.options; /* every coded strategy begins with it */
    coded->base = s->coded.round;
    return inner(s)->start(s->scheme.options, sim);
}

static struct mu_coded_policy policy_of(const struct coded_auto *s) {
    return (struct mu_coded_policy){.task = task, .at_once = true, .close = close, .over = over, .rounds = s->probe};
}

static int start(void *state, struct mu_sim *sim) {
    struct coded_auto *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    struct mu_err err = {.code = MU_OK};
    for (size_t i = 0; i < (size_t)s->probe * mu_sim_clients(sim); i++) {
        if (mu_reals_push(&s->time_s, 0, &err) != MU_OK) {
            return mu_sim_fail(sim, err.code, "%s", err.text);
        }
    }
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct coded_auto *const s = state;
    if (inner(s) != NULL) {
        return inner(s)->arrival(s->scheme.options, sim, update);
    }
    const struct mu_coded_policy policy = policy_of(s);
    s->time_s.v[(size_t)s->coded.round * mu_sim_clients(sim) + update->client] =
        1e-9 * (double)(mu_sim_now(sim) - (uint64_t)s->coded.begin_ns);
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct coded_auto *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return inner(s) != NULL ? inner(s)->lost(s->scheme.options, sim, loss)
                            : mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct coded_auto *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return inner(s) != NULL ? inner(s)->timer(s->scheme.options, sim, id)
                            : mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct coded_auto *const s = state;
    const struct mu_coded_policy policy = policy_of(s);
    return inner(s) != NULL ? inner(s)->available(s->scheme.options, sim, client)
                            : mu_coded_available(&s->coded, sim, client, &policy, s);
}

static int finish(void *state, struct mu_sim *sim) {
    struct coded_auto *const s = state;
    return inner(s) != NULL && inner(s)->finish != NULL ? inner(s)->finish(s->scheme.options, sim) : MU_OK;
}

static void end(void *state) {
    struct coded_auto *const s = state;
    if (inner(s) != NULL && inner(s)->end != NULL) {
        inner(s)->end(s->scheme.options);
    }
}

const struct mu_strategy mu_strategy_coded_auto = {
    .kind = {"coded_auto",
             "probes uncoded rounds, then goes on with the scheme that would have been fastest",
             "Krishnan, Ebrahimi and Khisti 2023",
             {fields, sizeof(struct coded_auto), NULL}},
    .gradients = true,
    .models = models,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
    .finish = finish,
    .end = end,
};
