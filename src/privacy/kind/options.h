/* The options that both kinds of privacy have. */
#ifndef MUSTER_PRIVACY_KIND_OPTIONS_H
#define MUSTER_PRIVACY_KIND_OPTIONS_H

#include <math.h>

#include "muster/privacy/privacy.h"

extern const char *const mu_privacy_samplings[];
extern const char *const mu_privacy_noises[];

/* Rules between these options. */
int mu_privacy_check(const void *values, const char *file, const char *pointer, struct mu_err *err);

#define OPTION(member) MU_OPTION, offsetof(struct mu_privacy_config, member)

#define PRIVACY_OPTIONS(unit_text)                                                                                   \
    {"epsilon",                                                                                                      \
     MU_REAL,                                                                                                        \
     OPTION(epsilon),                                                                                                \
     "",                                                                                                             \
     0,                                                                                                              \
     1e6,                                                                                                            \
     "null",                                                                                                         \
     "what the whole run may cost; the noise is calibrated to it. Give this or noise_multiplier",                    \
     NULL,                                                                                                           \
     true},                                                                                                          \
        {"delta",                                                                                                    \
         MU_REAL,                                                                                                    \
         OPTION(delta),                                                                                              \
         "",                                                                                                         \
         0,                                                                                                          \
         1,                                                                                                          \
         "1e-5",                                                                                                     \
         "probability with which epsilon may fail; below 1 over the number of protected " unit_text,                 \
         NULL,                                                                                                       \
         true},                                                                                                      \
        {"noise_multiplier",                                                                                         \
         MU_REAL,                                                                                                    \
         OPTION(noise_multiplier),                                                                                   \
         "",                                                                                                         \
         0,                                                                                                          \
         1e9,                                                                                                        \
         "null",                                                                                                     \
         "standard deviation of the noise on a sum, over the most that one of the " unit_text                        \
         " can change it; 0: none, epsilon is infinite"},                                                            \
        {"clip",                                                                                                     \
         MU_REAL,                                                                                                    \
         OPTION(clip),                                                                                               \
         "",                                                                                                         \
         0,                                                                                                          \
         INFINITY,                                                                                                   \
         NULL,                                                                                                       \
         "largest l2 norm of one contribution, over all parameters; larger ones are scaled down to it",              \
         NULL,                                                                                                       \
         true},                                                                                                      \
        {"accountant", MU_TAG, OPTION(accountant), "", 0, 0, "\"rdp\"", "how epsilon is computed", &mu_accountants}, \
        {"sampling",                                                                                                 \
         MU_ENUM,                                                                                                    \
         OPTION(sampling),                                                                                           \
         "",                                                                                                         \
         0,                                                                                                          \
         0,                                                                                                          \
         "\"poisson\"",                                                                                              \
         "what the accounting assumes of who contributes to a step, and must be what happens: each by itself "       \
         "(poisson, neighbours add_remove), or a fixed number without replacement (fixed, neighbours replace_one)",  \
         mu_privacy_samplings},                                                                                      \
        {"mechanism",   MU_CHOICE, OPTION(mechanism), "", 0, 0, "{\"kind\": \"gaussian\"}", "the law of the noise",  \
         &mu_mechanisms},                                                                                            \
        {"noise",                                                                                                    \
         MU_ENUM,                                                                                                    \
         OPTION(noise),                                                                                              \
         "",                                                                                                         \
         0,                                                                                                          \
         0,                                                                                                          \
         "\"central\"",                                                                                              \
         "who draws it: the coordinator, once for the sum (central), or each contributor its share (per_worker)",    \
         mu_privacy_noises},                                                                                         \
    {                                                                                                                \
        "colluding", MU_INT, OPTION(colluding), "workers", 0, 1e9, "0",                                              \
            "per_worker: shares that may be missing or known to an attacker; the others are made larger for it"      \
    }

#define PRIVACY_SEED                                                                                                   \
    {                                                                                                                  \
        "insecure_noise_seed", MU_INT, OPTION(insecure_noise_seed), "", 0, 9007199254740991.0, "null",                 \
            "reproducible noise, for tests only: whoever knows the seed can take the noise off. Absent: a secret key " \
            "of the "                                                                                                  \
            "operating system"                                                                                         \
    }

#endif
