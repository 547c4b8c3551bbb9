#include "muster/config/state.h"

#include "muster/base/mem.h"
#include "support.h"

struct inner {
    int64_t count;
    struct mu_reals weights;
};

struct sample {
    int64_t option; /* not state */
    bool flag;
    int64_t integer;
    double real;
    struct mu_ints ints;
    struct mu_reals reals;
    struct inner inner;
    struct mu_choice choice;
};

static const struct mu_field inner_fields[] = {
    {"count", MU_INT, MU_STATE, offsetof(struct inner, count), "", 0, 0, "0", "a number"},
    {"weights", MU_REALS, MU_STATE, offsetof(struct inner, weights), "", 0, 0, "[]", "numbers"},
    {0},
};
static const struct mu_group inner_group = {inner_fields, sizeof(struct inner), NULL};
struct row {
    double option;
    int64_t count;
};
static const struct mu_field row_fields[] = {
    {"option", MU_REAL, MU_OPTION, offsetof(struct row, option), "", 0, 0, "1", "an option of the row"},
    {"count", MU_INT, MU_STATE, offsetof(struct row, count), "", 0, 0, "0", "a number of the row"},
    {0},
};
static const struct mu_kind kind_a = {"first", "a row", "", {row_fields, sizeof(struct row), NULL}};
static const struct mu_kind kind_b = {"second", "another row", "", {row_fields, sizeof(struct row), NULL}};
static const struct mu_kind *const kinds[] = {&kind_a, &kind_b};
static const struct mu_registry registry = {.what = "row", .plural = "rows", .rows = kinds, .n = 2};

static const struct mu_field fields[] = {
    {"option", MU_INT, MU_OPTION, offsetof(struct sample, option), "", 0, 0, "7", "an option"},
    {"flag", MU_BOOL, MU_STATE, offsetof(struct sample, flag), "", 0, 0, "false", "a truth"},
    {"integer", MU_INT, MU_STATE, offsetof(struct sample, integer), "", 0, 0, "0", "a number"},
    {"real", MU_REAL, MU_STATE, offsetof(struct sample, real), "", 0, 0, "0", "a number"},
    {"ints", MU_INTS, MU_STATE, offsetof(struct sample, ints), "", 0, 0, "[]", "numbers"},
    {"reals", MU_REALS, MU_STATE, offsetof(struct sample, reals), "", 0, 0, "[]", "numbers"},
    {"inner", MU_GROUP, MU_OPTION, offsetof(struct sample, inner), "", 0, 0, "{}", "more", &inner_group},
    {"choice", MU_CHOICE, MU_STATE, offsetof(struct sample, choice), "", 0, 0, "null", "made in the run", &registry},
    {0},
};
static const struct mu_group group = {fields, sizeof(struct sample), NULL};

static struct sample fresh(void) {
    struct mu_err err = {.code = MU_OK};
    struct sample s;
    mu_group_parse(&group, NULL, "test", "", &s, &err);
    support_expect_ok(&err);
    return s;
}

static void push_ints(struct mu_ints *ints, int64_t first, size_t n) {
    struct mu_err err = {.code = MU_OK};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(mu_ints_push(ints, first + (int64_t)i, &err), MU_OK);
    }
}

static struct mu_blob save(const struct sample *s) {
    struct mu_err err = {.code = MU_OK};
    struct mu_blob blob = {0};
    assert_int_equal(mu_state_save(&group, s, &blob, &err), MU_OK);
    return blob;
}

/* Something in every row: numbers that a text would not keep, negative ones, extremes. */
static struct sample filled(size_t n) {
    struct mu_err err = {.code = MU_OK};
    struct sample s = fresh();
    s.option = 3;
    s.flag = true;
    s.integer = INT64_MIN;
    s.real = -0.1;
    push_ints(&s.ints, -2, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(mu_reals_push(&s.reals, 1.0 / (3.0 + (double)i), &err), MU_OK);
        assert_int_equal(mu_reals_push(&s.inner.weights, NAN, &err), MU_OK);
    }
    s.inner.count = INT64_MAX;
    return s;
}

static void expect_equal(const struct sample *a, const struct sample *b) {
    assert_int_equal(a->flag, b->flag);
    assert_int_equal(a->integer, b->integer);
    assert_memory_equal(&a->real, &b->real, sizeof a->real);
    assert_int_equal(a->ints.n, b->ints.n);
    assert_int_equal(a->reals.n, b->reals.n);
    assert_int_equal(a->reals.axes, b->reals.axes);
    assert_memory_equal(a->reals.shape, b->reals.shape, sizeof a->reals.shape);
    assert_int_equal(a->inner.count, b->inner.count);
    assert_int_equal(a->inner.weights.n, b->inner.weights.n);
    if (a->ints.n > 0) {
        assert_memory_equal(a->ints.v, b->ints.v, a->ints.n * sizeof *a->ints.v);
        assert_memory_equal(a->reals.v, b->reals.v, a->reals.n * sizeof *a->reals.v);
        assert_memory_equal(a->inner.weights.v, b->inner.weights.v, a->inner.weights.n * sizeof(double));
    }
}

static void what_is_saved_is_loaded(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 3, 4, 5, 8, 9, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mu_err err = {.code = MU_OK};
        struct sample a = filled(sizes[i]), b = filled(17), empty = fresh();
        struct mu_blob blob = save(&a);
        assert_int_equal(mu_state_load(&group, &b, blob.data, blob.n, &err), MU_OK); /* over what was there */
        expect_equal(&a, &b);
        assert_int_equal(mu_state_load(&group, &empty, blob.data, blob.n, &err), MU_OK);
        expect_equal(&a, &empty);
        assert_int_equal(b.option, 3);
        assert_int_equal(empty.option, 7); /* options come from the config */
        mu_free(blob.data);
        mu_group_clear(&group, &a);
        mu_group_clear(&group, &b);
        mu_group_clear(&group, &empty);
    }
}

static void choose(struct sample *s, const struct mu_kind *kind, double option, int64_t count) {
    struct mu_err err = {.code = MU_OK};
    struct row *const row = mu_alloc(1, sizeof *row, &err);
    assert_non_null(row);
    *row = (struct row){option, count};
    s->choice = (struct mu_choice){kind, row};
}

/* A choice that was made during the run comes back with its options and its state, over none and over another one. */
static void a_choice_is_loaded_with_its_options_and_state(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct sample a = filled(3), none = fresh(), other = fresh(), early = fresh();
    choose(&a, &kind_b, 1.0 / 3, -5);
    choose(&other, &kind_a, 8, 8);
    struct mu_blob blob = save(&a), before = save(&none);
    struct sample *const into[] = {&none, &other};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mu_state_load(&group, into[i], blob.data, blob.n, &err), MU_OK);
        assert_ptr_equal(into[i]->choice.kind, &kind_b);
        const struct row *const row = into[i]->choice.options;
        assert_true(row->option == 1.0 / 3 && row->count == -5);
    }
    /* And none is loaded over one. */
    assert_int_equal(mu_state_load(&group, &other, before.data, before.n, &err), MU_OK);
    assert_null(other.choice.kind);
    for (size_t n = 0; n < blob.n; n++) {
        assert_int_equal(mu_state_load(&group, &early, blob.data, n, &err), MU_IO);
        err = (struct mu_err){.code = MU_OK};
    }
    mu_free(blob.data);
    mu_free(before.data);
    mu_group_clear(&group, &a);
    mu_group_clear(&group, &none);
    mu_group_clear(&group, &other);
    mu_group_clear(&group, &early);
}

/* Equal states are equal bytes, and each row is among them. */
static void every_row_shows_in_the_bytes(void **state) {
    (void)state;
    struct sample a = filled(5), b = filled(5);
    struct mu_blob first = save(&a), second = save(&b);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.data, second.data, first.n);
    mu_free(second.data);
    for (int row = 0; row < 6; row++) {
        struct sample c = filled(5);
        switch (row) {
        case 0:
            c.flag = false;
            break;
        case 1:
            c.integer++;
            break;
        case 2:
            c.real = 0.1;
            break;
        case 3:
            c.ints.v[4]++;
            break;
        case 4:
            c.reals.v[0] = 0;
            break;
        default:
            c.inner.count--;
            break;
        }
        struct mu_blob other = save(&c);
        assert_int_equal(first.n, other.n);
        assert_memory_not_equal(first.data, other.data, first.n);
        mu_free(other.data);
        mu_group_clear(&group, &c);
    }
    mu_free(first.data);
    mu_group_clear(&group, &a);
    mu_group_clear(&group, &b);
}

/* A list is filled, emptied, cut, and goes on after a load: the sanitizer watches the ends of its storage. */
static void lists_grow_after_whatever_was_done_to_them(void **state) {
    (void)state;
    for (size_t n = 0; n <= 33; n++) {
        struct mu_err err = {.code = MU_OK};
        struct sample a = filled(n), b = fresh();
        struct mu_blob blob = save(&a);
        assert_int_equal(mu_state_load(&group, &b, blob.data, blob.n, &err), MU_OK);
        push_ints(&b.ints, 1000, 40);
        assert_int_equal(b.ints.n, n + 40);
        for (size_t i = 0; i < n + 40; i++) {
            assert_int_equal(b.ints.v[i], i < n ? (int64_t)i - 2 : 1000 + (int64_t)(i - n));
        }
        b.ints.n = n / 2; /* as a strategy takes entries out */
        push_ints(&b.ints, 5000, 3);
        assert_int_equal(b.ints.v[n / 2 + 2], 5002);
        b.ints.n = 0;
        push_ints(&b.ints, 1, 9);
        assert_int_equal(b.ints.v[8], 9);
        assert_int_equal(mu_reals_push(&b.reals, 0.5, &err), MU_OK);
        assert_true(b.reals.v[n] == 0.5);
        assert_int_equal(b.reals.axes, 1);
        assert_int_equal(b.reals.shape[0], n + 1);
        mu_free(blob.data);
        mu_group_clear(&group, &a);
        mu_group_clear(&group, &b);
    }
}

/* Bytes in memory of their own size, so that the sanitizer sees a read beyond them. */
static int load_exactly(const struct mu_blob *blob, size_t n, struct mu_err *err) {
    unsigned char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, blob->data, n < blob->n ? n : blob->n);
    if (n > blob->n) {
        memset(copy + blob->n, 0, n - blob->n);
    }
    struct sample s = filled(6);
    const int code = mu_state_load(&group, &s, copy, n, err);
    mu_group_clear(&group, &s); /* whatever was read can be released */
    free(copy);
    return code;
}

static void too_few_or_too_many_bytes_are_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct sample a = filled(5);
    struct mu_blob blob = save(&a);
    for (size_t n = 0; n < blob.n; n++) {
        assert_int_equal(load_exactly(&blob, n, &err), MU_IO);
        support_expect_error(&err, MU_IO, "", "shorter");
    }
    assert_int_equal(load_exactly(&blob, blob.n, &err), MU_OK);
    assert_int_equal(load_exactly(&blob, blob.n + 1, &err), MU_IO);
    support_expect_error(&err, MU_IO, "", "longer");
    mu_free(blob.data);
    mu_group_clear(&group, &a);
}

/* A length that is not true must not be allocated: the first is that of `ints`, behind flag, integer and real. */
static void absurd_lengths_are_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct sample a = filled(5);
    struct mu_blob blob = save(&a);
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX / 8 + 1, (size_t)1 << 60, 1000};
    for (size_t i = 0; i < 4; i++) {
        memcpy(blob.data + sizeof(bool) + 16, &absurd[i], sizeof *absurd);
        assert_int_equal(load_exactly(&blob, blob.n, &err), MU_IO);
        support_expect_error(&err, MU_IO, "", "shorter");
    }
    mu_free(blob.data);
    blob = save(&a);
    const size_t axes = 4, at = sizeof(bool) + 16 + 8 + 5 * 8 + 8;
    memcpy(blob.data + at, &axes, sizeof axes);
    assert_int_equal(load_exactly(&blob, blob.n, &err), MU_IO);
    support_expect_error(&err, MU_IO, "", "4 axes");
    mu_free(blob.data);
    mu_group_clear(&group, &a);
}

static void a_group_without_state_has_no_bytes(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    static const struct mu_field options[] = {
        {"option", MU_INT, MU_OPTION, 0, "", 0, 0, "7", "an option"},
        {0},
    };
    static const struct mu_group plain = {options, sizeof(int64_t), NULL}, none = {NULL, 1, NULL};
    int64_t value = 7;
    struct mu_blob blob = {0};
    assert_int_equal(mu_state_save(&plain, &value, &blob, &err), MU_OK);
    assert_int_equal(mu_state_save(&none, &value, &blob, &err), MU_OK);
    assert_int_equal(blob.n, 0);
    assert_int_equal(mu_state_load(&plain, &value, (const unsigned char *)"", 0, &err), MU_OK);
    assert_int_equal(mu_state_load(&none, &value, (const unsigned char *)"", 0, &err), MU_OK);
    assert_int_equal(value, 7);
    mu_free(blob.data);
}

static void bytes_are_appended(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_blob blob = {0};
    assert_int_equal(mu_blob_add(&blob, NULL, 0, &err), MU_OK);
    for (unsigned i = 0; i < 1000; i++) {
        const unsigned char pair[2] = {(unsigned char)i, (unsigned char)(i >> 8)};
        assert_int_equal(mu_blob_add(&blob, pair, 2, &err), MU_OK);
    }
    assert_int_equal(blob.n, 2000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(blob.data[2 * i] + (blob.data[2 * i + 1] << 8), i);
    }
    mu_free(blob.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(a_choice_is_loaded_with_its_options_and_state),
        cmocka_unit_test(every_row_shows_in_the_bytes),
        cmocka_unit_test(lists_grow_after_whatever_was_done_to_them),
        cmocka_unit_test(too_few_or_too_many_bytes_are_an_error),
        cmocka_unit_test(absurd_lengths_are_an_error),
        cmocka_unit_test(a_group_without_state_has_no_bytes),
        cmocka_unit_test(bytes_are_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
