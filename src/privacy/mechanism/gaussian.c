/* Gaussian noise in doubles: the guarantee is that of real numbers, and a simulation's. */
#include "muster/privacy/privacy.h"

const struct mu_mechanism mu_mechanism_gaussian = {
    .kind = {"gaussian",
             "doubles; simulation-grade: their last bits leak (Mironov 2012)",
             "Dwork et al. 2006",
             {NULL, 0, NULL}},
    .exact = false,
};
