/* Nothing is protected. */
#include "muster/privacy/privacy.h"

extern const struct mu_kind mu_privacy_none;

const struct mu_kind mu_privacy_none = {"none", "nothing is protected: no clipping, no noise", "", {NULL, 0, NULL}};
