/* The privacy loss of one Poisson-sampled Gaussian, on a grid. */
#include "loss.h"

#include <math.h>

#include "muster/base/mem.h"

/* The output x is cut off this many standard deviations out: 8e-24 on either side, which counts as infinite loss above.
 */
static const double reach = 10.0;

/* L(x) = log(1 - q + q exp((2 x - 1) / (2 sigma^2))) */
static double loss_at(const struct mu_dp_event *e, double x) {
    const double u = (x - 0.5) / (e->sigma * e->sigma);
    return u < 30.0 ? log1p(e->q * expm1(u)) : u + log(e->q) + log1p((1.0 - e->q) / e->q * exp(-u));
}

/* Its inverse; -INFINITY where no x has so small a loss. */
static double output_at(const struct mu_dp_event *e, double loss) {
    if (loss > 700.0) {
        return e->sigma * e->sigma * (loss - log(e->q)) + 0.5;
    }
    const double y = expm1(loss) / e->q;
    return y <= -1.0 ? -INFINITY : e->sigma * e->sigma * log1p(y) + 0.5;
}

void mu_loss_range(const struct mu_dp_event *event, enum mu_loss_direction direction, double *low, double *high) {
    const double end = reach * event->sigma;
    if (direction == MU_LOSS_REMOVE) {
        *low = loss_at(event, -end);
        *high = loss_at(event, 1.0 + end);
    } else {
        *low = -loss_at(event, end);
        *high = -loss_at(event, -end);
    }
}

/* P(a < N(mean, sigma^2) <= b), from the tail that is smaller. */
static double normal_mass(double mean, double sigma, double a, double b) {
    const double s = M_SQRT1_2 / sigma;
    const double from = (a - mean) * s;
    const double to = (b - mean) * s;
    return from > 0.0 ? 0.5 * (erfc(from) - erfc(to)) : 0.5 * (erfc(-to) - erfc(-from));
}

/* Mass of P and Q for outputs in (a, b]. */
static void masses(const struct mu_dp_event *e, enum mu_loss_direction direction, double a, double b, double *p,
                   double *q) {
    const double without = normal_mass(0.0, e->sigma, a, b);
    const double with = (1.0 - e->q) * without + e->q * normal_mass(1.0, e->sigma, a, b);
    *p = direction == MU_LOSS_REMOVE ? with : without;
    *q = direction == MU_LOSS_REMOVE ? without : with;
}

/* Splits the mass of each bin (l_i, l_(i+1)] over its ends so that P's and Q's mass are both kept; what is below the
 * grid goes to its first point and what is above to infinity: delta is never less than the true one at any epsilon. */
static void fill(const struct mu_dp_event *e, enum mu_loss_direction direction, struct mu_loss_pmf *pmf) {
    const bool rising = direction == MU_LOSS_REMOVE; /* loss with x */
    const double denominator = -expm1(-pmf->h);
    double p;
    double q;
    double edge = output_at(e, (rising ? 1.0 : -1.0) * pmf->h * (double)pmf->first);
    masses(e, direction, rising ? -INFINITY : edge, rising ? edge : INFINITY, &p, &q);
    pmf->p[0] = p;
    for (size_t i = 0; i + 1 < pmf->n; i++) {
        const double low = pmf->h * (double)(pmf->first + (int64_t)i);
        const double high = low + pmf->h;
        const double next = output_at(e, rising ? high : -high);
        masses(e, direction, rising ? edge : next, rising ? next : edge, &p, &q);
        const double upper = low > 600.0 ? p : fmin(p, fmax(0.0, (p - q * exp(low)) / denominator));
        pmf->p[i] += p - upper;
        pmf->p[i + 1] += upper;
        edge = next;
    }
    masses(e, direction, rising ? edge : -INFINITY, rising ? INFINITY : edge, &p, &q);
    pmf->infinite = p;
}

int mu_loss_discretise(const struct mu_dp_event *event, enum mu_loss_direction direction, double h,
                       struct mu_loss_pmf *pmf, struct mu_err *err) {
    double low;
    double high;
    mu_loss_range(event, direction, &low, &high);
    const double first = floor(low / h);
    const double last = ceil(high / h);
    *pmf = (struct mu_loss_pmf){.h = h, .first = (int64_t)first, .n = (size_t)(last - first) + 1};
    pmf->p = mu_alloc(pmf->n, sizeof *pmf->p, err);
    if (pmf->p == NULL) {
        return MU_RANK_FAILED;
    }
    fill(event, direction, pmf);
    return MU_OK;
}

void mu_loss_clear(struct mu_loss_pmf *pmf) {
    mu_free(pmf->p);
    *pmf = (struct mu_loss_pmf){.n = 0};
}
