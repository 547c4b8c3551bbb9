/* The contract suite of partitions: every row of the registry deals every row to exactly one client, from the seed
 * alone, and refuses what it cannot do. Sources: every row has its texts. */
#include "unit/data/helper.h"

#include "partition.h"
#include "source.h"

enum { ROWS = 2000, CLASSES = 10, CLIENTS = 40 };

struct case_data {
    int32_t label[ROWS];
    double target[ROWS];
    uint32_t group[ROWS];
};

static void fill_case(struct case_data *c) {
    struct mu_rng rng;
    mu_rng_init(&rng, 9, MU_STREAM_DATA, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        /* Uneven classes; class 3 has no rows. */
        const uint64_t draw = mu_rng_below(&rng, 100);
        c->label[i] = (int32_t)(draw < 40 ? 0 : draw % CLASSES == 3 ? 4 : draw % CLASSES);
        c->target[i] = mu_rng_normal(&rng);
        c->group[i] = (uint32_t)(i % CLIENTS);
    }
}

/* The default options of a row; column needs its one. */
static void *default_options(const struct mu_kind *kind) {
    struct mu_err err = {0};
    cJSON *const object = cJSON_CreateObject();
    if (strcmp(kind->name, "column") == 0) {
        cJSON_AddStringToObject(object, "column", "c");
    }
    void *const options = calloc(1, kind->group.size + 1);
    if (kind->group.fields != NULL) {
        mu_group_parse(&kind->group, object, "test.json", "/data/partition", options, &err);
    }
    support_expect_ok(&err);
    cJSON_Delete(object);
    return options;
}

static void every_partition_gives_every_row_one_owner_from_the_seed_alone(void **state) {
    (void)state;
    static struct case_data c;
    static uint32_t first[ROWS], second[ROWS], other[ROWS];
    fill_case(&c);
    for (size_t k = 0; k < mu_partitions.n; k++) {
        const struct mu_partition *const partition = (const struct mu_partition *)mu_partitions.rows[k];
        void *const options = default_options(&partition->kind);
        struct mu_err err = {0};
        struct mu_deal deal = {.options = options,
                               .file = "test.json",
                               .seed = 1,
                               .rows = ROWS,
                               .clients = CLIENTS,
                               .classes = CLASSES,
                               .label = c.label,
                               .group = c.group,
                               .groups = CLIENTS};
        memset(first, 0xff, sizeof first);
        memset(second, 0xff, sizeof second);
        memset(other, 0xff, sizeof other);
        assert_int_equal(partition->assign(&deal, first, &err), MU_OK);
        assert_int_equal(partition->assign(&deal, second, &err), MU_OK);
        deal.seed = 2;
        assert_int_equal(partition->assign(&deal, other, &err), MU_OK);
        size_t size[CLIENTS] = {0};
        for (size_t i = 0; i < ROWS; i++) {
            assert_in_range(first[i], 0, CLIENTS - 1);
            size[first[i]]++;
        }
        for (size_t i = 0; i < CLIENTS; i++) {
            assert_true(size[i] >= 1);
        }
        assert_memory_equal(first, second, sizeof first);
        /* Only a column leaves nothing to chance. */
        assert_int_equal(memcmp(first, other, sizeof first) == 0, strcmp(partition->kind.name, "column") == 0);
        if (partition->kind.group.fields != NULL) {
            mu_group_clear(&partition->kind.group, options);
        }
        free(options);
    }
}

static void partitions_by_label_refuse_data_without_classes(void **state) {
    (void)state;
    static const char *const by_label[] = {"dirichlet", "class"};
    for (size_t i = 0; i < 2; i++) {
        expect_bad_data("test.json: /data/partition", "needs class labels",
                        "{'source': 'linear', 'samples': 100, 'partition': {'kind': '%s'}}", by_label[i]);
    }
}

static void every_row_has_its_texts(void **state) {
    (void)state;
    const struct mu_registry *const registries[] = {&mu_sources, &mu_partitions};
    for (size_t r = 0; r < 2; r++) {
        for (size_t k = 0; k < registries[r]->n; k++) {
            const struct mu_kind *const kind = registries[r]->rows[k];
            assert_true(strlen(kind->name) > 0 && strlen(kind->summary) > 0);
            assert_non_null(kind->reference);
            assert_ptr_equal(mu_registry_find(registries[r], kind->name), kind);
            for (const struct mu_field *f = kind->group.fields; f != NULL && f->type != MU_NONE; f++) {
                assert_true(f->doc != NULL && strlen(f->doc) > 0 && f->unit != NULL);
            }
        }
    }
    for (size_t k = 0; k < mu_sources.n; k++) {
        const struct mu_source *const source = (const struct mu_source *)mu_sources.rows[k];
        assert_non_null(source->load);
        assert_int_equal(source->size != NULL, source->client != NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_partition_gives_every_row_one_owner_from_the_seed_alone),
        cmocka_unit_test(partitions_by_label_refuse_data_without_classes),
        cmocka_unit_test(every_row_has_its_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
