/* The config's model section, and what a model says of itself. */
#include "support.h"

#include "model/kind.h"

static void models_that_do_not_fit_the_data_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *model;
        enum mu_task_kind kind;
        bool fits;
    } cases[] = {
        {"softmax", MU_CLASSIFICATION, true}, {"softmax", MU_REGRESSION, false}, {"softmax", MU_QUADRATIC, false},
        {"linear", MU_CLASSIFICATION, false}, {"linear", MU_REGRESSION, true},   {"linear", MU_QUADRATIC, false},
        {"mlp", MU_CLASSIFICATION, true},     {"mlp", MU_REGRESSION, true},      {"mlp", MU_QUADRATIC, false},
        {"vector", MU_CLASSIFICATION, false}, {"vector", MU_REGRESSION, false},  {"vector", MU_QUADRATIC, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        struct mu_model_config config;
        struct mu_model *model = NULL;
        struct mu_err err = {0};
        const struct mu_task task = {.kind = cases[i].kind, .features = 3, .classes = 2};
        snprintf(text, sizeof text, "{\"kind\": \"%s\"}", cases[i].model);
        parse(&mu_model_group, text, &config);
        const int rc = mu_model_new(&model, &config, "a.json", &task, &err);
        assert_int_equal(rc, cases[i].fits ? MU_OK : MU_BAD_CONFIG);
        assert_true((model != NULL) == cases[i].fits);
        if (!cases[i].fits) {
            assert_string_equal(err.place, "a.json: /model/kind");
            assert_non_null(strstr(err.text, cases[i].model));
            assert_non_null(strstr(err.help, "models for this data: "));
        }
        mu_model_free(model);
        mu_group_clear(&mu_model_group, &config);
    }
}

static void impossible_widths_are_refused(void **state) {
    (void)state;
    struct mu_model_config config;
    struct mu_model *model = NULL;
    struct mu_err err = {0};
    const struct mu_task task = {.kind = MU_REGRESSION, .features = (size_t)1 << 40};
    parse(&mu_model_group, "{\"kind\": \"mlp\", \"hidden\": [10]}", &config);
    assert_int_equal(mu_model_new(&model, &config, "a.json", &task, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "a.json: /model/hidden");
    assert_null(model);
    mu_group_clear(&mu_model_group, &config);
}

/* dense0.weight [out][in], dense0.bias [out], ...: in order, without gaps. */
static void tensors_cover_the_parameters(void **state) {
    (void)state;
    static const struct mu_tensor expected[] = {
        {.name = "dense0.weight", .axes = 2, .shape = {5, 4}, .offset = 0},
        {.name = "dense0.bias", .axes = 1, .shape = {5}, .offset = 20},
        {.name = "dense1.weight", .axes = 2, .shape = {3, 5}, .offset = 25},
        {.name = "dense1.bias", .axes = 1, .shape = {3}, .offset = 40},
    };
    struct problem *const p = make_problem(MU_CLASSIFICATION, 1, 4, 3, false, 1);
    struct setup *const s = make_setup(p, "{\"kind\": \"mlp\", \"hidden\": [5], \"l2\": 0.5}", "{}");
    const struct mu_tensor *tensor = NULL;
    assert_int_equal(mu_model_tensors(s->model, &tensor), 4);
    assert_int_equal(s->dim, 43);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(tensor[i].name, expected[i].name);
        assert_int_equal(tensor[i].axes, expected[i].axes);
        assert_int_equal(tensor[i].shape[0], expected[i].shape[0]);
        assert_int_equal(tensor[i].shape[1], expected[i].shape[1]);
        assert_int_equal(tensor[i].offset, expected[i].offset);
    }
    assert_true(mu_model_l2(s->model) == 0.5);
    assert_int_equal(mu_model_task(s->model)->classes, 3);
    free_setup(s);
    free_problem(p);
}

static void convex_models_start_at_zero_in_the_type_asked_for(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 1, 4, 3, false, 1);
    struct problem *const q = make_problem(MU_REGRESSION, 1, 4, 0, false, 1);
    struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", "{}");
    struct setup *const t = make_setup(q, "{\"kind\": \"linear\", \"precision\": \"float64\"}", "{}");
    double x[15] = {1, 2, 3};
    assert_int_equal(s->dim, 15);
    mu_model_init(s->model, 1, x);
    for (size_t i = 0; i < 15; i++) {
        assert_true(x[i] == 0);
    }
    assert_int_equal(t->dim, 5);
    assert_int_equal(mu_model_elem(s->model), MU_F32);
    assert_int_equal(mu_model_elem(t->model), MU_F64);
    free_setup(s);
    free_setup(t);
    free_problem(p);
    free_problem(q);
}

static void blas_names_its_kernel(void **state) {
    (void)state;
    assert_true(strlen(mu_blas_kernel()) > 0);
    assert_non_null(strstr(mu_blas_version(), "OpenBLAS"));
}

/* Each model can be clipped row by row and differenced: a new row of the registry may not leave that out. */
static void every_kind_has_every_kernel(void **state) {
    (void)state;
    assert_true(mu_models.n >= 5);
    for (size_t i = 0; i < mu_models.n; i++) {
        const struct mu_model_kind *const kind = (const struct mu_model_kind *)(const void *)mu_models.rows[i];
        assert_true(kind->fit != NULL && kind->init != NULL && kind->space != NULL && kind->score != NULL);
        assert_true(kind->gradient != NULL && kind->clipped != NULL && kind->difference != NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_that_do_not_fit_the_data_are_refused),
        cmocka_unit_test(impossible_widths_are_refused),
        cmocka_unit_test(tensors_cover_the_parameters),
        cmocka_unit_test(convex_models_start_at_zero_in_the_type_asked_for),
        cmocka_unit_test(blas_names_its_kernel),
        cmocka_unit_test(every_kind_has_every_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
