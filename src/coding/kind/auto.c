#include "kind.h"

static const struct mu_code_kind *pick(uint32_t n, uint32_t s) {
    return n % (s + 1) == 0 ? &mu_code_frc : &mu_code_cyclic;
}

static const struct mu_field fields[] = {
    MU_CODE_S_FIELD(struct mu_cyclic_options, base.s),
    MU_CODE_DRAWS_FIELD(struct mu_cyclic_options, draws),
    {0},
};

const struct mu_code_kind mu_code_auto = {
    .kind = {"auto",
             "frc where s + 1 divides the number of workers, cyclic elsewhere",
             "",
             {fields, sizeof(struct mu_cyclic_options), NULL}},
    .exact = true,
    .most = UINT32_MAX,
    .pick = pick,
};
