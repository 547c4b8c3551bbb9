#include "muster/coding/attack.h"

#include <math.h>
#include <string.h>

#include "kind.h"
#include "muster/base/mem.h"

/* Room of one attack. */
struct trial {
    uint64_t *arrived, *worst; /* [words] */
    double *a;                 /* [n] */
    uint32_t *order;           /* [n] */
};

static void clear_trial(struct trial *t) {
    mu_free(t->arrived);
    mu_free(t->worst);
    mu_free(t->a);
    mu_free(t->order);
}

static int make_trial(const struct mu_coding *coding, struct trial *t, struct mu_err *err) {
    const size_t n = coding->facts.n;
    *t = (struct trial){
        .arrived = mu_alloc(coding->words, sizeof *t->arrived, err),
        .worst = mu_alloc(coding->words, sizeof *t->worst, err),
        .a = mu_alloc(n, sizeof *t->a, err),
        .order = mu_alloc(n, sizeof *t->order, err),
    };
    if (t->arrived == NULL || t->worst == NULL || t->a == NULL || t->order == NULL) {
        clear_trial(t);
        return MU_RANK_FAILED;
    }
    for (uint32_t i = 0; i < n; i++) {
        t->order[i] = i;
    }
    return MU_OK;
}

/* Decodes t->arrived and notes what was worse than before. */
static int try_set(const struct mu_coding *coding, struct trial *t, struct mu_attack *out, struct mu_err *err) {
    struct mu_decoding d;
    MU_TRY(mu_coding_solve(coding, t->arrived, t->a, &d, err));
    struct mu_decoding *const w = &out->worst;
    if (out->sets == 0 || !(d.amplification <= w->amplification)) {
        memcpy(t->worst, t->arrived, coding->words * sizeof *t->worst);
    }
    out->sets++;
    out->failures += !d.decoded;
    w->decoded = out->failures == 0;
    w->residual = fmax(w->residual, d.residual);
    w->error = fmax(w->error, d.error);
    w->amplification = fmax(w->amplification, d.amplification);
    w->norm = fmax(w->norm, d.norm);
    return MU_OK;
}

/* One attack: `random` draws the sets, NULL takes them contiguous. */
static int attack(const struct mu_coding *coding, uint32_t s, uint32_t sets, struct mu_rng *random, bool condition,
                  struct mu_attack *out, struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    struct trial t;
    *out = (struct mu_attack){.condition = NAN};
    MU_TRY(make_trial(coding, &t, err));
    int rc = MU_OK;
    for (uint32_t k = 0; k < sets && rc == MU_OK; k++) {
        if (random != NULL) {
            mu_rng_shuffle(random, n, t.order);
        }
        const uint32_t from = random != NULL ? 0 : (uint32_t)((uint64_t)k * n / sets);
        mu_bits_clear(t.arrived, coding->words);
        for (uint32_t i = s; i < n; i++) {
            mu_bits_add(t.arrived, t.order[(from + i) % n]);
        }
        rc = try_set(coding, &t, out, err);
    }
    if (rc == MU_OK && condition && out->sets > 0) {
        rc = mu_coding_condition(coding, t.worst, &out->condition, err);
    }
    clear_trial(&t);
    return rc;
}

int mu_attack_random(struct mu_coding *coding, uint32_t s, uint32_t sets, uint64_t seed, struct mu_attack *out,
                     struct mu_err *err) {
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_CODE, UINT32_MAX, 0);
    return attack(coding, s, sets, &rng, true, out, err);
}

int mu_attack_contiguous(struct mu_coding *coding, uint32_t s, uint32_t sets, struct mu_attack *out,
                         struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    return attack(coding, s, sets < n ? sets : n, NULL, true, out, err);
}

/* Amplification differs between draws by factors of hundreds, between these sets by a few: enough to choose by. */
enum { TRIAL_RANDOM = 40, TRIAL_CONTIGUOUS = 64 };

int mu_coding_trial(const struct mu_coding *coding, double *amplification, struct mu_err *err) {
    const uint32_t n = coding->facts.n;
    struct mu_rng rng;
    mu_rng_init(&rng, coding->facts.seed, MU_STREAM_CODE, UINT32_MAX, 1);
    struct mu_attack random;
    struct mu_attack contiguous;
    MU_TRY(attack(coding, coding->facts.s, TRIAL_RANDOM, &rng, false, &random, err));
    MU_TRY(attack(coding, coding->facts.s, n < TRIAL_CONTIGUOUS ? n : TRIAL_CONTIGUOUS, NULL, false, &contiguous, err));
    const bool decoded = random.worst.decoded && contiguous.worst.decoded;
    *amplification = decoded ? fmax(random.worst.amplification, contiguous.worst.amplification) : INFINITY;
    return MU_OK;
}
