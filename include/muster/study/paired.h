/* Two configurations compared seed by seed: with the same seed both have the same data and clients. Pure functions. */
#ifndef MUSTER_STUDY_PAIRED_H
#define MUSTER_STUDY_PAIRED_H

#include <stddef.h>

#include "muster/study/statistics.h"

struct mu_paired {
    struct mu_spread difference; /* of a - b over the pairs where both are known */
    size_t more, less;           /* pairs with a > b, and a < b */
    double sign_p;               /* of the sign test */
};

/* n pairs; NAN is not known. `scratch` has room for n. */
struct mu_paired mu_paired(size_t n, const double *a, const double *b, double *scratch);

/* The two-sided exact sign test: how likely a split at least as uneven as this is if either side is as likely. Ties
 * are to be left out; 1 if there are no pairs. */
double mu_sign_test(size_t more, size_t less);

#endif
