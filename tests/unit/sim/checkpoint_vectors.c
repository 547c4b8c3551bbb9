/* The clients' own vectors on their way to files and back; on several ranks see tests/scenario/resume.py. */
#include "support_gather.h"

#include "muster/base/file.h"
#include "worker_impl.h"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    part_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

struct fixture {
    struct engine *e;
    struct mu_worker *w;
};

static struct fixture make(void) {
    const struct engine_config c = gather_config(&gather_vectors);
    struct fixture f;
    f.e = engine_new(&c);
    mu_worker_new(&f.w, &f.e->setup, &f.e->err);
    support_expect_ok(&f.e->err);
    return f;
}

static void free_fixture(struct fixture *f) {
    mu_worker_free(f->w);
    engine_free(f->e);
}

static struct mu_block *give(struct fixture *f, uint32_t client) {
    struct mu_block *block = NULL;
    assert_int_equal(mu_block_take(&f->w->pool, &block, &f->e->err), MU_OK);
    memset(block->data, 0, f->w->pool.bytes);
    assert_int_equal(mu_map_put(&f->w->vectors, (uint64_t)client + 1, block, &f->e->err), MU_OK);
    return block;
}

/* Numbers that a text would not keep. */
static void give_numbers(struct fixture *f, uint32_t client) {
    double *const x = give(f, client)->data;
    x[0] = 1.0 / (3.0 + client);
    x[1] = -0.0;
}

static const double *vector_of(const struct fixture *f, uint32_t client) {
    const struct mu_block *const block = mu_map_get(&f->w->vectors, (uint64_t)client + 1);
    return block != NULL ? block->data : NULL;
}

static void save(struct fixture *f) {
    assert_int_equal(mu_checkpoint_save_vectors(f->w, dir, &f->e->err), MU_OK);
    support_expect_ok(&f->e->err);
}

static void vectors_come_back_to_the_bit(void **state) {
    (void)state;
    struct fixture a = make(), b = make();
    static const uint32_t clients[] = {3, 0, 4};
    for (size_t i = 0; i < 3; i++) {
        give_numbers(&a, clients[i]);
    }
    save(&a);
    assert_int_equal(a.w->vectors_saved, 3);
    assert_int_equal(mu_checkpoint_load_vectors(b.w, dir, 3, &b.e->err), MU_OK);
    assert_int_equal(b.w->vectors.n, 3);
    for (uint32_t client = 0; client < 5; client++) {
        const double *const x = vector_of(&a, client), *const y = vector_of(&b, client);
        assert_true((x == NULL) == (y == NULL));
        if (x != NULL) {
            assert_memory_equal(x, y, 2 * sizeof *x);
        }
    }
    assert_true(signbit(vector_of(&b, 3)[1]));
    free_fixture(&a);
    free_fixture(&b);
}

static void no_vectors_are_no_file(void **state) {
    (void)state;
    struct fixture a = make(), b = make();
    char path[400];
    save(&a);
    assert_int_equal(a.w->vectors_saved, 0);
    snprintf(path, sizeof path, "%s/vectors-0-0.npz", dir);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(mu_checkpoint_load_vectors(b.w, dir, 0, &b.e->err), MU_OK);
    assert_int_equal(b.w->vectors.n, 0);
    free_fixture(&a);
    free_fixture(&b);
}

/* As if the model had two million numbers. */
static struct fixture make_large(void) {
    struct fixture f = make();
    f.w->dim = 1 << 21;
    f.w->pool.bytes = f.w->dim * sizeof(double);
    return f;
}

/* Files are at most 64 MiB: of five vectors of 16 MiB, four are in the first. */
static void many_vectors_go_into_several_files(void **state) {
    (void)state;
    struct fixture a = make_large(), b = make_large();
    struct mu_err err = {.code = MU_OK};
    for (uint32_t client = 0; client < 5; client++) {
        ((double *)give(&a, client)->data)[a.w->dim - 1] = 1.5 + client;
    }
    save(&a);
    for (int number = 0; number < 2; number++) {
        char path[400];
        size_t n = 0;
        struct mu_array *array = NULL;
        snprintf(path, sizeof path, "%s/vectors-0-%d.npz", dir, number);
        assert_int_equal(mu_npz_read(path, &n, &array, &err), MU_OK);
        assert_int_equal(array[1].shape[0], number == 0 ? 4 : 1);
        mu_npz_free(n, array);
    }
    assert_int_equal(mu_checkpoint_load_vectors(b.w, dir, 5, &b.e->err), MU_OK);
    for (uint32_t client = 0; client < 5; client++) {
        assert_true(vector_of(&b, client)[a.w->dim - 1] == 1.5 + client);
    }
    free_fixture(&a);
    free_fixture(&b);
}

/* Loads what must not be accepted; afterwards nothing is there, and a good load still works. */
static void expect_refused(struct fixture *good, uint64_t expected, const char *place, const char *text) {
    struct fixture f = make();
    mu_checkpoint_load_vectors(f.w, dir, expected, &f.e->err);
    support_expect_error(&f.e->err, MU_IO, place, text);
    assert_int_equal(f.w->vectors.n, 0);
    save(good);
    assert_int_equal(mu_checkpoint_load_vectors(f.w, dir, good->w->vectors.n, &f.e->err), MU_OK);
    free_fixture(&f);
}

static void write_file(const char *name, size_t n, const struct mu_array *array) {
    struct mu_err err = {.code = MU_OK};
    char path[400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(mu_npz_write(path, n, array, &err), MU_OK);
}

static void other_files_than_those_of_the_run_are_refused(void **state) {
    (void)state;
    struct fixture a = make();
    give_numbers(&a, 1);
    give_numbers(&a, 2);
    save(&a);
    expect_refused(&a, 3, dir, "2 vectors of clients instead of 3");
    expect_refused(&a, 1, dir, "2 vectors of clients instead of 1");
    int64_t client[2] = {1, 2};
    double x[6] = {0};
    struct mu_array array[2] = {
        {.name = "client", .elem = MU_I64, .axes = 1, .shape = {2}, .data = client},
        {.name = "vector", .elem = MU_F64, .axes = 2, .shape = {2, 3}, .data = x}, /* of another model */
    };
    write_file("vectors-0-0.npz", 2, array);
    expect_refused(&a, 2, "vectors-0-0.npz", "not hold vectors of this run");
    array[1].shape[1] = 2;
    array[1].elem = MU_F32; /* of another precision */
    write_file("vectors-0-0.npz", 2, array);
    expect_refused(&a, 2, "vectors-0-0.npz", "not hold vectors of this run");
    array[1].elem = MU_F64;
    array[0].shape[0] = 1; /* more vectors than clients */
    write_file("vectors-0-0.npz", 2, array);
    expect_refused(&a, 2, "vectors-0-0.npz", "not hold vectors of this run");
    array[0].shape[0] = 2;
    write_file("vectors-0-0.npz", 1, array);
    expect_refused(&a, 2, "vectors-0-0.npz", "not hold vectors of this run");
    client[1] = 5; /* there are five, from 0 */
    write_file("vectors-0-0.npz", 2, array);
    expect_refused(&a, 2, "vectors-0-0.npz", "not hold vectors of this run");
    client[1] = 1; /* twice */
    write_file("vectors-0-0.npz", 2, array);
    expect_refused(&a, 2, "vectors-0-0.npz", "not hold vectors of this run");
    free_fixture(&a);
}

static void a_directory_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct fixture a = make();
    char path[400];
    give_numbers(&a, 1);
    snprintf(path, sizeof path, "%s/none", dir);
    assert_int_equal(mu_checkpoint_save_vectors(a.w, path, &a.e->err), MU_IO);
    support_expect_error(&a.e->err, MU_IO, "/none/vectors-0-0.npz", "No such file");
    assert_int_equal(mu_checkpoint_load_vectors(a.w, path, 1, &a.e->err), MU_IO);
    support_expect_error(&a.e->err, MU_IO, "/none", "cannot be read");
    free_fixture(&a);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(vectors_come_back_to_the_bit),
        TEST(no_vectors_are_no_file),
        TEST(many_vectors_go_into_several_files),
        TEST(other_files_than_those_of_the_run_are_refused),
        TEST(a_directory_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
