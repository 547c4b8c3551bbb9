/* Clipping, and adaptive clipping (Andrew et al. 2021; formulas as in TensorFlow Privacy). */
#include <math.h>

#include "muster/privacy/privacy.h"

double mu_clip_factor(double norm, double clip) {
    if (!isfinite(norm) || clip <= 0.0) {
        return 0.0;
    }
    if (norm <= clip) {
        return 1.0;
    }
    /* Two units in the last place less, so that factor * norm, rounded, is at most clip. */
    return nextafter(nextafter(clip / norm, 0.0), 0.0);
}

double mu_adaptive_sigma(double z, double sigma_b) {
    const double rest = 1.0 / (z * z) - 1.0 / (4.0 * sigma_b * sigma_b);
    return rest > 0.0 ? 1.0 / sqrt(rest) : NAN;
}

double mu_adaptive_clip(const struct mu_adaptive_config *config, double clip, double noisy_sum, double cohort) {
    const double fraction = fmin(1.0, fmax(0.0, noisy_sum / cohort + 0.5));
    return clip * exp(-config->learning_rate * (fraction - config->target_quantile));
}
