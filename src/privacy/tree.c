/* Tree noise (Kairouz et al. 2021, DP-FTRL; the tree as in TensorFlow Privacy, Honaker's estimate as there called
 * "efficient"). A node of level j covers 2^j steps and is drawn once, from the key and its place in the tree, so that a
 * tree is rebuilt from nothing. */
#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "muster/privacy/privacy.h"

enum { MOST_LEVELS = 44 };

struct mu_tree {
    enum mu_tree_kind kind;
    struct mu_noise_key key;
    uint32_t slot;
    double std;
    size_t dim;
    int64_t restart;            /* leaves of a tree; 0: all */
    int64_t steps;              /* taken in all */
    int64_t tree;               /* which one, from 0 */
    int64_t leaf;               /* leaves of it so far */
    double *level[MOST_LEVELS]; /* a finished node of each level where the binary digit of `leaf` is 1; owned */
    double *before;             /* N_(t-1) */
    double *node;               /* the node being made */
};

void mu_tree_free(struct mu_tree *tree) {
    if (tree != NULL) {
        for (int j = 0; j < MOST_LEVELS; j++) {
            mu_free(tree->level[j]);
        }
        mu_free(tree->before);
        mu_free(tree->node);
        mu_free(tree);
    }
}

int mu_tree_new(struct mu_tree **tree, enum mu_tree_kind kind, const struct mu_noise_key *key, uint32_t slot,
                double std, size_t dim, int64_t restart_steps, struct mu_err *err) {
    struct mu_tree *t = mu_alloc(1, sizeof *t, err);
    if (t == NULL) {
        return MU_RANK_FAILED;
    }
    *t = (struct mu_tree){.kind = kind,
                          .key = *key,
                          .slot = slot,
                          .std = std,
                          .dim = dim,
                          .restart = restart_steps == MU_UNSET ? 0 : restart_steps};
    t->before = mu_alloc(dim, sizeof *t->before, err);
    t->node = mu_alloc(dim, sizeof *t->node, err);
    if (t->before == NULL || t->node == NULL) {
        mu_tree_free(t);
        return MU_RANK_FAILED;
    }
    *tree = t;
    return MU_OK;
}

/* Adds the own noise of the node of level j that ends with the current leaf. */
static void add_own_noise(struct mu_tree *t, int j) {
    /* step: the node's index in its level, below the tree's number; 2^40 leaves and 2^24 trees. */
    const uint64_t index = (uint64_t)t->tree << 40 | (uint64_t)(t->leaf >> j);
    const struct mu_noise_place place = {MU_NOISE_TREE, index, 0, t->slot, (uint32_t)j};
    mu_noise_gaussian(&t->key, &place, t->std, 0, t->dim, t->node);
}

/* One more leaf: the trailing run of finished levels 0..k-1 gives way to a new node of level k. A binary node is its
 * own noise; Honaker's is its own plus the mean of its two children's values. */
static int take_leaf(struct mu_tree *t, struct mu_err *err) {
    memset(t->node, 0, t->dim * sizeof *t->node);
    int k = 0;
    if (t->kind == MU_TREE_HONAKER) {
        add_own_noise(t, 0);
    }
    for (; (t->leaf >> k & 1) != 0; k++) {
        if (t->kind == MU_TREE_HONAKER) {
            for (size_t i = 0; i < t->dim; i++) {
                t->node[i] = 0.5 * (t->level[k][i] + t->node[i]);
            }
            add_own_noise(t, k + 1);
        }
    }
    if (t->kind == MU_TREE_BINARY) {
        add_own_noise(t, k);
    }
    if (t->level[k] == NULL && (t->level[k] = mu_alloc(t->dim, sizeof *t->node, err)) == NULL) {
        return MU_RANK_FAILED;
    }
    double *finished = t->node;
    t->node = t->level[k];
    t->level[k] = finished;
    t->leaf++;
    t->steps++;
    return MU_OK;
}

/* N_t into t->node: the nodes of the binary digits of t, Honaker's with weight 1 / (2 - 2^-j). */
static void sum_nodes(struct mu_tree *t) {
    memset(t->node, 0, t->dim * sizeof *t->node);
    for (int j = 0; j < MOST_LEVELS; j++) {
        if ((t->leaf >> j & 1) != 0) {
            const double weight = t->kind == MU_TREE_HONAKER ? 1.0 / (2.0 - ldexp(1.0, -j)) : 1.0;
            for (size_t i = 0; i < t->dim; i++) {
                t->node[i] += weight * t->level[j][i];
            }
        }
    }
}

static void restart_if_full(struct mu_tree *t) {
    if (t->restart > 0 && t->leaf == t->restart) {
        t->tree++;
        t->leaf = 0;
        memset(t->before, 0, t->dim * sizeof *t->before);
    }
}

int mu_tree_add(struct mu_tree *tree, double *x, struct mu_err *err) {
    restart_if_full(tree);
    MU_TRY(take_leaf(tree, err));
    sum_nodes(tree);
    for (size_t i = 0; i < tree->dim; i++) {
        x[i] += tree->node[i] - tree->before[i];
    }
    double *now = tree->node;
    tree->node = tree->before;
    tree->before = now;
    return MU_OK;
}

int64_t mu_tree_steps(const struct mu_tree *tree) {
    return tree->steps;
}

int mu_tree_seek(struct mu_tree *tree, int64_t steps, struct mu_err *err) {
    const int64_t full = tree->restart > 0 ? (steps > 0 ? (steps - 1) / tree->restart : 0) : 0;
    tree->tree = full;
    tree->steps = full * tree->restart;
    tree->leaf = 0;
    memset(tree->before, 0, tree->dim * sizeof *tree->before);
    while (tree->steps < steps) {
        MU_TRY(take_leaf(tree, err));
    }
    if (tree->leaf > 0) {
        sum_nodes(tree);
        memcpy(tree->before, tree->node, tree->dim * sizeof *tree->before);
    }
    return MU_OK;
}

double mu_tree_variance(enum mu_tree_kind kind, int64_t t) {
    double sum = 0.0;
    for (int j = 0; j < MOST_LEVELS; j++) {
        if ((t >> j & 1) != 0) {
            sum += kind == MU_TREE_HONAKER ? 1.0 / (2.0 - ldexp(1.0, -j)) : 1.0;
        }
    }
    return sum;
}
