/* What noise costs: events (a Gaussian release, a sampled one, a tree) are composed by an accountant into epsilon at a
 * given delta, and a noise multiplier is found for a wanted epsilon. Every epsilon comes with the unit it protects, the
 * neighbour relation and the sampling it holds for; events that disagree on these are refused, never added.
 *
 * sigma, the noise multiplier, is the standard deviation of the noise over the l2 sensitivity of what is released,
 * under the event's own neighbour relation: for sums of vectors clipped to C that is C if a contribution is added,
 * removed or zeroed out, and 2 C if it is replaced. All of it is float64 in log space. */
#ifndef MUSTER_PRIVACY_ACCOUNT_H
#define MUSTER_PRIVACY_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/config/field.h"

/* Whose contribution is protected. */
enum mu_dp_unit { MU_DP_RECORD, MU_DP_CLIENT };

/* Which data sets are neighbours: they differ in one unit that is there or not, that has another value, or whose
 * contribution is zero (with the number of units public). */
enum mu_dp_adjacency { MU_DP_ADD_REMOVE, MU_DP_REPLACE_ONE, MU_DP_ZERO_OUT };

/* How the contributors of a release were chosen: all of them, each by itself with probability q, or a set of fixed size
 * without replacement. */
enum mu_dp_sampling { MU_DP_SAMPLING_NONE, MU_DP_SAMPLING_POISSON, MU_DP_SAMPLING_FIXED };

enum mu_dp_kind {
    MU_DP_GAUSSIAN,         /* any adjacency */
    MU_DP_POISSON_GAUSSIAN, /* add_remove only */
    MU_DP_WOR_GAUSSIAN,     /* without replacement: replace_one only */
    MU_DP_TREE,             /* tree aggregation, a unit in at most one leaf of it: zero_out only */
};

struct mu_dp_event {
    enum mu_dp_kind kind;
    enum mu_dp_unit unit;
    enum mu_dp_adjacency adjacency;
    double sigma;  /* noise multiplier, see above; 0: no noise, and epsilon is infinite. A tree's: of one node */
    double q;      /* of sampled kinds: probability, or batch over population; otherwise not looked at */
    int64_t count; /* how often; 0 costs nothing */
    int64_t steps; /* of a tree: its leaves; otherwise not looked at */
};

/* An epsilon and what it means. */
struct mu_dp_cost {
    double epsilon, delta;
    const char *accountant;
    enum mu_dp_unit unit;
    enum mu_dp_adjacency adjacency;
    enum mu_dp_sampling sampling;
    double order;     /* accountants over Renyi orders: the one that gave epsilon; otherwise NAN */
    bool grid_edge;   /* that order is the first or last of the grid: epsilon may be loose, say so */
    bool approximate; /* not an upper bound (gdp under sampling), say so */
};

/* One row of the registry. */
struct mu_accountant {
    struct mu_kind kind;
    /* epsilon of the composed events, which have passed mu_dp_check and are at least one. Fills cost->epsilon, and what
     * it knows of order, grid_edge and approximate. */
    int (*epsilon)(size_t n, const struct mu_dp_event *events, double delta, struct mu_dp_cost *cost,
                   struct mu_err *err);
    /* OPTIONAL. Refuses kinds of events it has no bound for. */
    int (*check)(const struct mu_dp_event *event, struct mu_err *err);
};

extern const struct mu_registry mu_accountants; /* rdp, pld, zcdp, gdp */

/* The row of that name, or NULL. */
const struct mu_accountant *mu_accountant_find(const char *name);

/* "record", "add_remove", "poisson", ... as outputs have them. */
const char *mu_dp_unit_name(enum mu_dp_unit unit);
const char *mu_dp_adjacency_name(enum mu_dp_adjacency adjacency);
const char *mu_dp_sampling_name(enum mu_dp_sampling sampling);
enum mu_dp_sampling mu_dp_kind_sampling(enum mu_dp_kind kind);

/* Whether the events can be composed: all of one unit, adjacency and (apart from unsampled ones) sampling, each kind
 * under the adjacency it is bounded for, numbers in range (sigma 0 or 0.01..1e9, q in 0..1, count 0..1e12).
 * MU_BAD_CONFIG otherwise. */
int mu_dp_check(size_t n, const struct mu_dp_event *events, struct mu_err *err);

/* Composes: cost->epsilon is INFINITY if an event has no noise, 0 if there are no events. MU_BAD_CONFIG for events that
 * cannot be composed, that the accountant has no bound for, and for delta outside (0, 1). */
int mu_dp_epsilon(const struct mu_accountant *accountant, size_t n, const struct mu_dp_event *events, double delta,
                  struct mu_dp_cost *cost, struct mu_err *err);

/* The smallest multiplier (to 1e-6 relative) at which `scaled` events cost at most epsilon; event i's sigma is `shape`
 * of it (its sigma member on entry) times *sigma. cost->epsilon is what *sigma really costs: never above epsilon.
 * MU_BAD_CONFIG if epsilon is not positive, or if no multiplier up to 1e9 is enough. */
int mu_dp_calibrate(const struct mu_accountant *accountant, size_t n, const struct mu_dp_event *shape, double epsilon,
                    double delta, double *sigma, struct mu_dp_cost *cost, struct mu_err *err);

/* The formulas themselves. */

/* Renyi divergence of order alpha > 1 of one event (its count is not looked at). */
double mu_rdp_event(const struct mu_dp_event *event, double alpha);
/* (alpha, rdp) to epsilon: Mironov 2017, proposition 3, and the smaller one of Canonne, Kamath and Steinke 2020,
 * proposition 12, which the accountant uses; at least 0. */
double mu_rdp_to_epsilon_classic(double alpha, double rdp, double delta);
double mu_rdp_to_epsilon(double alpha, double rdp, double delta);
/* rho-zCDP to epsilon: rho + 2 sqrt(rho ln(1/delta)), and the tight one. */
double mu_zcdp_to_epsilon_standard(double rho, double delta);
double mu_zcdp_to_epsilon(double rho, double delta);
/* Gaussian with mu = sensitivity / std: delta at epsilon (Balle and Wang 2018, theorem 8), and its inverse. */
double mu_gaussian_delta(double mu, double epsilon);
double mu_gaussian_epsilon(double mu, double delta);
/* Height of a tree of that many leaves: ceil(log2(steps + 1)), the nodes a unit is in. */
int mu_tree_height(int64_t steps);

#endif
