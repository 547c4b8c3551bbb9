/* Composition of privacy losses: the pmfs' transforms to the powers of their counts, multiplied, and transformed back.
 */
#include "loss.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "muster/base/mem.h"

/* Google's default step; bins of one event, and of the window of the composition, at most. */
static const double default_step = 1e-4;
static const double most_bins = 0x1p18;
static const double most_window = 0x1p22;

/* Mass that may lie outside the window on either side, as a share of delta. It is added to what is at infinity. */
static const double outside_share = 1e-6;

struct part {
    struct mu_loss_pmf pmf;
    double count, mean, variance; /* of one release */
    int64_t centre;               /* the grid index that becomes 0 in the transform */
};

struct composition {
    size_t n;
    struct part *part;
    double h;
    double low, high; /* the window, about the sum of the means */
    double centre;    /* loss of the transform's index 0: sum of count * centre * h */
    double infinite;
};

/* A step that resolves each event's typical loss, q sqrt(exp(1 / sigma^2) - 1), and does not make too many bins. */
static double choose_step(size_t n, const struct mu_dp_event *events, enum mu_loss_direction direction) {
    double h = default_step;
    double floor_h = 0.0;
    for (size_t i = 0; i < n; i++) {
        const struct mu_dp_event *e = &events[i];
        const double typical = e->q * sqrt(expm1(fmin(50.0, 1.0 / (e->sigma * e->sigma))));
        h = fmin(h, typical / 10.0);
        double low;
        double high;
        mu_loss_range(e, direction, &low, &high);
        floor_h = fmax(floor_h, (high - low) / most_bins);
    }
    return fmax(h, floor_h);
}

static void measure(struct part *part) {
    double mass = 0.0;
    double sum = 0.0;
    for (size_t i = 0; i < part->pmf.n; i++) {
        mass += part->pmf.p[i];
        sum += part->pmf.p[i] * (double)i;
    }
    const double middle = sum / mass;
    double square = 0.0;
    for (size_t i = 0; i < part->pmf.n; i++) {
        square += part->pmf.p[i] * ((double)i - middle) * ((double)i - middle);
    }
    part->mean = part->pmf.h * (middle + (double)part->pmf.first);
    part->variance = part->pmf.h * part->pmf.h * square / mass;
    part->centre = part->pmf.first + (int64_t)llround(middle);
}

/* sum of count * log E[exp(t (l - mean))] over the finite losses; INFINITY on overflow. */
static double log_moment(const struct composition *c, double t) {
    double total = 0.0;
    for (size_t j = 0; j < c->n; j++) {
        const struct part *part = &c->part[j];
        const struct mu_loss_pmf *pmf = &part->pmf;
        const size_t middle = (size_t)(part->centre - pmf->first);
        const double factor = exp(t * pmf->h);
        const double start = exp(t * ((double)part->centre * pmf->h - part->mean));
        double excess = 0.0;
        /* From the middle outwards: a power that has become 0 or infinite stays so. */
        double power = start;
        for (size_t i = middle; i < pmf->n; i++, power *= factor) {
            excess += pmf->p[i] > 0.0 ? pmf->p[i] * (power - 1.0) : 0.0;
        }
        power = start / factor;
        for (size_t i = middle; i-- > 0; power /= factor) {
            excess += pmf->p[i] > 0.0 ? pmf->p[i] * (power - 1.0) : 0.0;
        }
        total += part->count * log1p(excess);
    }
    return isnan(total) ? INFINITY : total;
}

/* The least distance above the mean (sign 1) or below (-1) beyond which there is at most exp(-budget) of mass, by
 * Chernoff's bound at several t; the extreme loss of all releases if that is less. */
static double find_reach(const struct composition *c, double sign, double budget) {
    double variance = 0.0;
    double extreme = 0.0;
    for (size_t j = 0; j < c->n; j++) {
        const struct part *part = &c->part[j];
        const double end = (double)part->pmf.first + (sign > 0.0 ? (double)part->pmf.n - 1.0 : 0.0);
        variance += part->count * part->variance;
        extreme += part->count * fabs(end * part->pmf.h - part->mean);
    }
    double reach = extreme;
    double t = fmax(1e-6 / sqrt(variance + 1e-300), budget / extreme); /* a smaller t gives more than `extreme` */
    for (int k = 0; k < 45; k++, t *= 1.8) {
        const double bound = (log_moment(c, sign * t) + budget) / t;
        if (!(bound < 1.5 * reach)) {
            break; /* past the minimum: the bound has one */
        }
        reach = fmin(reach, bound);
    }
    return reach;
}

static void clear(struct composition *c) {
    for (size_t j = 0; j < c->n && c->part != NULL; j++) {
        mu_loss_clear(&c->part[j].pmf);
    }
}

static int prepare(struct composition *c, const struct mu_dp_event *events, enum mu_loss_direction direction,
                   double delta, struct mu_err *err) {
    c->h = choose_step(c->n, events, direction);
    for (int attempt = 0;; attempt++) {
        c->infinite = 0.0;
        c->centre = 0.0;
        double middle = 0.0;
        for (size_t j = 0; j < c->n; j++) {
            struct part *part = &c->part[j];
            MU_TRY(mu_loss_discretise(&events[j], direction, c->h, &part->pmf, err));
            part->count = (double)events[j].count;
            measure(part);
            middle += part->count * part->mean;
            c->centre += part->count * (double)part->centre * c->h;
            c->infinite += part->count * log1p(-part->pmf.infinite);
        }
        const double budget = -log(outside_share * delta);
        c->infinite = -expm1(c->infinite) + 2.0 * outside_share * delta;
        c->high = middle + find_reach(c, 1.0, budget);
        c->low = middle - find_reach(c, -1.0, budget);
        const double bins = (c->high - c->low) / c->h;
        if (bins < most_window - 4.0 || attempt == 20) {
            return MU_OK;
        }
        /* A coarser grid stays an upper bound. */
        c->h *= 1.1 * bins / most_window;
        clear(c);
    }
}

/* all += count * log(1 + excess). Nearly all mass of one release is often in one bin, whose transform is 1: what is
 * beside it is transformed by itself, so that its digits survive a count of 1e7. */
static void add_logarithms(size_t n, const fftw_complex *excess, double count, fftw_complex *all) {
    for (size_t k = 0; k < n; k++) {
        const double re = excess[k][0];
        const double im = excess[k][1];
        const double beyond = re * (2.0 + re) + im * im; /* |1 + excess|^2 - 1, without digits near -1 */
        const double size = beyond > -0.5 ? 0.5 * log1p(beyond) : log(hypot(1.0 + re, im));
        all[k][0] += count * fmax(size, -1e300 / count);
        all[k][1] += count * atan2(im, 1.0 + re);
    }
}

static void exponentiate(size_t n, fftw_complex *all) {
    for (size_t k = 0; k < n; k++) {
        const double size = exp(all[k][0]);
        const double angle = all[k][1];
        all[k][0] = size * cos(angle);
        all[k][1] = size * sin(angle);
    }
}

/* The mass of the sum, in data[0..size): index k holds the shifted grid indices that are k modulo size. */
static int convolve(const struct composition *c, size_t size, double *data, struct mu_err *err) {
    fftw_complex *one = fftw_alloc_complex(size / 2 + 1);
    fftw_complex *all = fftw_alloc_complex(size / 2 + 1);
    fftw_plan forward = NULL;
    fftw_plan backward = NULL;
    if (one != NULL && all != NULL) {
        forward = fftw_plan_dft_r2c_1d((int)size, data, one, FFTW_ESTIMATE);
        backward = fftw_plan_dft_c2r_1d((int)size, all, data, FFTW_ESTIMATE);
    }
    int code = MU_OK;
    if (forward == NULL || backward == NULL) {
        code = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory for a Fourier transform of %zu numbers", size);
        goto done;
    }
    memset(all, 0, (size / 2 + 1) * sizeof *all); /* after planning, which may write to it */
    for (size_t j = 0; j < c->n; j++) {
        const struct part *part = &c->part[j];
        memset(data, 0, size * sizeof *data);
        const int64_t offset = part->pmf.first - part->centre;
        double beside = part->pmf.infinite;
        for (size_t i = 0; i < part->pmf.n; i++) {
            if (offset + (int64_t)i != 0) {
                data[(uint64_t)(offset + (int64_t)i) & (size - 1)] += part->pmf.p[i];
                beside += part->pmf.p[i];
            }
        }
        data[0] -= beside;
        fftw_execute(forward);
        add_logarithms(size / 2 + 1, one, part->count, all);
    }
    exponentiate(size / 2 + 1, all);
    fftw_execute(backward);
done:
    fftw_destroy_plan(forward);
    fftw_destroy_plan(backward);
    fftw_free(one);
    fftw_free(all);
    return code;
}

/* delta(l_k) = infinite + sum over j > k of p_j (1 - exp(l_k - l_j)), from the top of the window down, until it exceeds
 * delta; between two points of the grid it is a + b exp(epsilon). */
static double invert(const struct composition *c, size_t size, const double *data, double delta) {
    const double scale = 1.0 / (double)size;
    double negative = 0.0; /* what the transform's noise floor amounts to */
    for (size_t k = 0; k < size; k++) {
        negative += data[k] < 0.0 ? -data[k] * scale : 0.0;
    }
    const double infinite = c->infinite + negative;
    if (infinite >= delta) {
        return INFINITY;
    }
    const double decay = exp(-c->h);
    const int64_t bottom = (int64_t)floor((c->low - c->centre) / c->h) - 1;
    double above = 0.0;      /* sum of p_j, j > k */
    double discounted = 0.0; /* sum of p_j exp(l_k - l_j), j > k */
    for (int64_t k = bottom + (int64_t)size - 1; k >= bottom; k--) {
        const double at = c->centre + (double)k * c->h;
        if (infinite + above - discounted > delta) {
            return fmax(0.0, at + log((above + infinite - delta) / discounted));
        }
        if (at <= 0.0) {
            return 0.0;
        }
        const double p = fmax(0.0, data[(uint64_t)k & (size - 1)] * scale);
        above += p;
        discounted = (discounted + p) * decay;
    }
    const double at = c->centre + (double)(bottom - 1) * c->h;
    return infinite + above - discounted > delta ? fmax(0.0, at + log((above + infinite - delta) / discounted))
                                                 : fmax(0.0, at);
}

int mu_loss_epsilon(size_t n, const struct mu_dp_event *events, enum mu_loss_direction direction, double delta,
                    double *epsilon, struct mu_err *err) {
    struct composition c = {.n = n, .part = mu_alloc(n, sizeof *c.part, err)};
    if (c.part == NULL) {
        return MU_RANK_FAILED;
    }
    double *data = NULL;
    int code = prepare(&c, events, direction, delta, err);
    if (code == MU_OK) {
        size_t size = 1024;
        while ((double)size < (c.high - c.low) / c.h + 4.0 && (double)size < most_window) {
            size *= 2;
        }
        data = fftw_alloc_real(size);
        code = data == NULL ? mu_fail(err, MU_RANK_FAILED, NULL, "out of memory") : convolve(&c, size, data, err);
        if (code == MU_OK) {
            *epsilon = invert(&c, size, data, delta);
        }
    }
    fftw_free(data);
    clear(&c);
    mu_free(c.part);
    return code;
}
