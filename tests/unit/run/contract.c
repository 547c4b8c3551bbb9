/* What every row of every registry must keep to, from the root of the config: a new row is tested before its author
 * writes a line. What a strategy must keep to beyond this is in unit/strategy/registry. */
#include "support_run.h"

#include "muster/strategy/strategies.h"

enum { MAX_REGISTRIES = 32 };

struct registries {
    const struct mu_registry *found[MAX_REGISTRIES];
    size_t n;
};

static void collect(const struct mu_group *group, struct registries *all);

static void collect_registry(const struct mu_registry *registry, struct registries *all) {
    for (size_t i = 0; i < all->n; i++) {
        if (all->found[i] == registry) {
            return;
        }
    }
    assert_true(all->n < MAX_REGISTRIES);
    all->found[all->n++] = registry;
    for (size_t i = 0; i < registry->n; i++) {
        collect(&registry->rows[i]->group, all);
    }
}

/* Every registry that the tables of a group lead to. */
static void collect(const struct mu_group *group, struct registries *all) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->type == MU_GROUP) {
            collect(f->of, all);
        } else if (f->type == MU_CHOICE || f->type == MU_TAG) {
            collect_registry(f->of, all);
        }
    }
}

static struct registries all_registries(void) {
    struct registries all = {.n = 0};
    collect(&mu_scenario_group, &all);
    return all;
}

static void the_config_leads_to_every_registry(void **state) {
    (void)state;
    static const char *const plurals[] = {"strategies", "server-optimizers", "models",        "optimizers", "schedules",
                                          "partitions", "sources",           "distributions", "stragglers"};
    const struct registries all = all_registries();
    for (size_t k = 0; k < sizeof plurals / sizeof *plurals; k++) {
        bool found = false;
        for (size_t i = 0; i < all.n; i++) {
            found = found || strcmp(all.found[i]->plural, plurals[k]) == 0;
        }
        if (!found) {
            fail_msg("no registry of %s", plurals[k]);
        }
    }
}

/* Names as users type them; one line of text each, without a full stop, as `muster list` prints it. */
static void rows_have_names_and_one_line_of_text(void **state) {
    (void)state;
    const struct registries all = all_registries();
    for (size_t i = 0; i < all.n; i++) {
        assert_true(all.found[i]->n > 0);
        for (size_t k = 0; k < all.found[i]->n; k++) {
            const struct mu_kind *const kind = all.found[i]->rows[k];
            const size_t length = strlen(kind->summary);
            if (strspn(kind->name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(kind->name) ||
                kind->name[0] == '\0' || length == 0 || length > 110 || strchr(kind->summary, '\n') != NULL ||
                (kind->summary[length - 1] == '.' && kind->summary[length - 2] != '.') || kind->reference == NULL) {
                fail_msg("%s \"%s\": \"%s\"", all.found[i]->what, kind->name, kind->summary);
            }
            assert_ptr_equal(mu_registry_find(all.found[i], kind->name), kind);
            for (size_t j = 0; j < k; j++) {
                assert_string_not_equal(all.found[i]->rows[j]->name, kind->name);
            }
        }
        assert_null(mu_registry_find(all.found[i], "no such name"));
    }
}

/* Where a row's defaults are a whole configuration of it, its echo parses to the same echo. */
static void defaults_are_a_fixed_point(void **state) {
    (void)state;
    const struct registries all = all_registries();
    size_t tested = 0;
    for (size_t i = 0; i < all.n; i++) {
        for (size_t k = 0; k < all.found[i]->n; k++) {
            const struct mu_kind *const kind = all.found[i]->rows[k];
            struct mu_err err = {.code = MU_OK};
            void *const values = calloc(1, kind->group.size + 1);
            char *text[2] = {NULL, NULL};
            if (mu_group_parse(&kind->group, NULL, "test", "", values, &err) == MU_OK) {
                cJSON *const json = mu_group_json(&kind->group, values);
                mu_group_clear(&kind->group, values);
                mu_json_print(json, &text[0], &err);
                mu_group_parse(&kind->group, json, "test", "", values, &err);
                cJSON_Delete(json);
                support_expect_ok(&err);
                cJSON *const again = mu_group_json(&kind->group, values);
                mu_json_print(again, &text[1], &err);
                cJSON_Delete(again);
                assert_string_equal(text[0], text[1]);
                mu_group_clear(&kind->group, values);
                tested++;
            } else {
                assert_int_equal(err.code, MU_BAD_CONFIG); /* something that only the user can know is missing */
            }
            mu_free(text[0]);
            mu_free(text[1]);
            free(values);
        }
    }
    assert_true(tested > 30);
}

/* Runs five steps of a config in which `section` stands for itself; twice, and to the same bits. */
static void run_twice(const char *section) {
    char text[1500];
    snprintf(text, sizeof text, "{%s, \"stop\": {\"steps\": 5}, \"evaluate\": {\"every_steps\": 0}}", section);
    char first[65];
    for (int i = 0; i < 2; i++) {
        const struct mu_run_result r = run_of(text, i == 0 ? "first" : "second");
        assert_int_equal(r.steps, 5);
        if (i == 0) {
            strcpy(first, r.model_sha256);
        }
        assert_string_equal(first, r.model_sha256);
    }
    support_remove_dir(run_path("first"));
    support_remove_dir(run_path("second"));
}

#define BLOBS \
    "\"data\": {\"source\": \"blobs\", \"samples\": 400, \"test_samples\": 20, \"features\": 4, \"classes\": 3"
#define MLP "\"model\": {\"kind\": \"mlp\", \"hidden\": [5]}"

static const struct mu_registry *registry_of(const char *plural) {
    const struct registries all = all_registries();
    for (size_t i = 0; i < all.n; i++) {
        if (strcmp(all.found[i]->plural, plural) == 0) {
            return all.found[i];
        }
    }
    fail_msg("no registry of %s", plural);
    return NULL;
}

static void every_optimizer_schedule_and_partition_runs(void **state) {
    (void)state;
    static const struct {
        const char *plural, *format; /* %s is the kind's name */
    } cases[] = {
        {"server-optimizers", BLOBS ", \"clients\": 6}, " MLP ", \"server\": {\"optimizer\": {\"kind\": \"%s\"}}"},
        {"optimizers", BLOBS ", \"clients\": 6}, " MLP ", \"client\": {\"optimizer\": {\"kind\": \"%s\"}}"},
        {"partitions", BLOBS ", \"partition\": {\"kind\": \"%s\"}}, " MLP},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_registry *const registry = registry_of(cases[k].plural);
        for (size_t i = 0; i < registry->n; i++) {
            const struct mu_kind *const kind = registry->rows[i];
            struct mu_err err = {.code = MU_OK};
            void *const values = calloc(1, kind->group.size + 1);
            const int code = mu_group_parse(&kind->group, NULL, "test", "", values, &err);
            mu_group_clear(&kind->group, values);
            free(values);
            if (code != MU_OK) {
                continue; /* it needs an option that only the user can know, such as a table's column */
            }
            char section[1200];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(section, sizeof section, cases[k].format, kind->name);
#pragma GCC diagnostic pop
            run_twice(section);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_config_leads_to_every_registry),
        cmocka_unit_test(rows_have_names_and_one_line_of_text),
        cmocka_unit_test(defaults_are_a_fixed_point),
        cmocka_unit_test_setup_teardown(every_optimizer_schedule_and_partition_runs, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
