/* Discrete Gaussian noise on the lattice of an exact sum. */
#include "muster/privacy/privacy.h"

const struct mu_mechanism mu_mechanism_discrete_gaussian = {
    .kind = {"discrete_gaussian",
             "integers on a lattice fixed by public constants, drawn with rational arithmetic; exact",
             "Canonne, Kamath and Steinke 2020",
             {NULL, 0, NULL}},
    .exact = true,
};
