/* Two by two matrices and vectors of two, for closed forms. */
#ifndef MUSTER_TESTS_SUPPORT_MATRIX_H
#define MUSTER_TESTS_SUPPORT_MATRIX_H

struct matrix {
    double v[2][2];
};
struct vector {
    double v[2];
};

static inline struct matrix matrix_diagonal(double d) {
    return (struct matrix){{{d, 0}, {0, d}}};
}

/* a + s b */
static inline struct matrix matrix_add(struct matrix a, double s, struct matrix b) {
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            a.v[i][j] += s * b.v[i][j];
        }
    }
    return a;
}

static inline struct matrix matrix_times(struct matrix a, struct matrix b) {
    struct matrix c = {{{0}}};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            c.v[i][j] = a.v[i][0] * b.v[0][j] + a.v[i][1] * b.v[1][j];
        }
    }
    return c;
}

static inline struct matrix matrix_power(struct matrix a, int n) {
    struct matrix p = matrix_diagonal(1);
    for (int i = 0; i < n; i++) {
        p = matrix_times(p, a);
    }
    return p;
}

static inline struct matrix matrix_inverse(struct matrix a) {
    const double det = a.v[0][0] * a.v[1][1] - a.v[0][1] * a.v[1][0];
    return (struct matrix){{{a.v[1][1] / det, -a.v[0][1] / det}, {-a.v[1][0] / det, a.v[0][0] / det}}};
}

static inline struct vector matrix_apply(struct matrix a, struct vector x) {
    return (struct vector){{a.v[0][0] * x.v[0] + a.v[0][1] * x.v[1], a.v[1][0] * x.v[0] + a.v[1][1] * x.v[1]}};
}

/* x + s y */
static inline struct vector vector_add(struct vector x, double s, struct vector y) {
    return (struct vector){{x.v[0] + s * y.v[0], x.v[1] + s * y.v[1]}};
}

static inline double vector_distance(const double *x, struct vector y) {
    return hypot(x[0] - y.v[0], x[1] - y.v[1]);
}

/* Three clients whose losses x'A_i x / 2 - b_i'x differ in curvature and optimum, as numbers and as JSON. */
static const struct matrix client_A[3] = {{{{2, 0.5}, {0.5, 1}}}, {{{0.5, 0}, {0, 3}}}, {{{1, -0.75}, {-0.75, 1.5}}}};
static const struct vector client_b[3] = {{{1, -2}}, {{3, 0.5}}, {{-1, 4}}};
#define CLIENTS_AB                                                                                                \
    "{\"source\": \"quadratic\", \"A\": [[[2, 0.5], [0.5, 1]], [[0.5, 0], [0, 3]], [[1, -0.75], [-0.75, 1.5]]], " \
    "\"b\": [[1, -2], [3, 0.5], [-1, 4]]}"

/* The minimum of the mean loss: (sum A_i)^-1 sum b_i. */
static inline struct vector true_optimum(void) {
    struct matrix a = matrix_diagonal(0);
    struct vector b = {{0, 0}};
    for (int i = 0; i < 3; i++) {
        a = matrix_add(a, 1, client_A[i]);
        b = vector_add(b, 1, client_b[i]);
    }
    return matrix_apply(matrix_inverse(a), b);
}

/* Where FedAvg with K full local steps of rate eta and proximal term mu comes to rest. From x, the steps end at
 * y = x + N_i B_i^-1 (b_i - A_i x) with B_i = A_i + mu I and N_i = I - (I - eta B_i)^K; at rest the mean of y - x is
 * zero. Without mu this is x* = (sum M_i)^-1 sum M_i A_i^-1 b_i. */
static inline struct vector fedavg_rest(int K, double eta, double mu) {
    struct matrix left = matrix_diagonal(0);
    struct vector right = {{0, 0}};
    for (int i = 0; i < 3; i++) {
        const struct matrix B = matrix_add(client_A[i], mu, matrix_diagonal(1));
        const struct matrix N =
            matrix_add(matrix_diagonal(1), -1, matrix_power(matrix_add(matrix_diagonal(1), -eta, B), K));
        const struct matrix G = matrix_times(N, matrix_inverse(B));
        left = matrix_add(left, 1, matrix_times(G, client_A[i]));
        right = vector_add(right, 1, matrix_apply(G, client_b[i]));
    }
    return matrix_apply(matrix_inverse(left), right);
}

#endif
