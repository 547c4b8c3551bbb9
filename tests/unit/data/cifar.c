/* CIFAR-10 and CIFAR-100 binary files, small ones written here. */
#include "unit/data/files.h"

enum { PIXELS = 3072 };

static char dir[256];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

/* A file of n records whose pixels are all `pixel` + record. */
static const char *put_records(const char *name, size_t n, size_t label_bytes, const unsigned char *label,
                               unsigned char pixel, size_t cut) {
    static unsigned char bytes[8 * (PIXELS + 2)];
    for (size_t i = 0; i < n; i++) {
        unsigned char *const record = bytes + i * (label_bytes + PIXELS);
        memcpy(record, label + i * label_bytes, label_bytes);
        memset(record + label_bytes, (int)(pixel + i), PIXELS);
    }
    return put_file(dir, name, bytes, n * (label_bytes + PIXELS) - cut);
}

static void put_cifar10(void) {
    for (unsigned char i = 0; i < 5; i++) {
        char name[32];
        const unsigned char label[] = {i, (unsigned char)(i + 5)};
        snprintf(name, sizeof name, i == 2 ? "data_batch_%d.bin.gz" : "data_batch_%d.bin", i + 1);
        put_records(name, 2, 1, label, (unsigned char)(10 * i), 0);
    }
    const unsigned char label[] = {9};
    put_records("test_batch.bin", 1, 1, label, 200, 0);
}

static void cifar10_reads_five_files_in_order(void **state) {
    (void)state;
    struct opened opened;
    put_cifar10();
    const struct mu_data *const data = open_data(&opened, 1, "{'source': 'cifar10', 'path': '%s', 'clients': 1}", dir);
    const struct mu_rows rows = client_rows(data, 0);
    static const int32_t expected[] = {0, 5, 1, 6, 2, 7, 3, 8, 4, 9};
    assert_int_equal(rows.n, 10);
    assert_int_equal(rows.width, PIXELS);
    assert_int_equal(mu_data_task(data)->classes, 10);
    assert_memory_equal(rows.label, expected, sizeof expected);
    for (size_t i = 0; i < 10; i++) {
        const uint8_t *const x = (const uint8_t *)rows.x + i * PIXELS;
        assert_int_equal(x[0], 10 * (i / 2) + i % 2);
        assert_int_equal(x[PIXELS - 1], 10 * (i / 2) + i % 2);
    }
    assert_int_equal(mu_data_test(data)->n, 1);
    assert_int_equal(mu_data_test(data)->label[0], 9);
    close_data(&opened);
}

static void cifar100_reads_fine_or_coarse_labels(void **state) {
    (void)state;
    static const unsigned char label[] = {19, 99, 3, 42};
    put_records("train.bin", 2, 2, label, 1, 0);
    put_records("test.bin", 1, 2, label, 1, 0);
    struct opened opened;
    const struct mu_data *data = open_data(&opened, 1, "{'source': 'cifar100', 'path': '%s', 'clients': 1}", dir);
    assert_int_equal(mu_data_task(data)->classes, 100);
    assert_int_equal(client_rows(data, 0).label[0], 99);
    assert_int_equal(client_rows(data, 0).label[1], 42);
    close_data(&opened);
    data = open_data(&opened, 1, "{'source': 'cifar100', 'path': '%s', 'labels': 'coarse', 'clients': 1}", dir);
    assert_int_equal(mu_data_task(data)->classes, 20);
    assert_int_equal(client_rows(data, 0).label[0], 19);
    assert_int_equal(client_rows(data, 0).label[1], 3);
    assert_int_equal(((const uint8_t *)client_rows(data, 0).x)[0], 1);
    close_data(&opened);
}

static void damage_is_reported_with_file_and_byte(void **state) {
    (void)state;
    static const unsigned char bad[] = {1, 10}, good[] = {1, 2}, fine[] = {0, 0, 20, 1};
    put_cifar10();
    put_records("data_batch_4.bin", 2, 1, bad, 0, 0);
    expect_bad_data("data_batch_4.bin: byte 3073", "label 10 is not in 0..9", "{'source': 'cifar10', 'path': '%s'}",
                    dir);
    put_records("data_batch_4.bin", 2, 1, good, 0, 1);
    expect_bad_data("data_batch_4.bin: byte 3073", "the last record has 3072 bytes of 3073",
                    "{'source': 'cifar10', 'path': '%s'}", dir);
    put_text(dir, "data_batch_4.bin", "");
    expect_bad_data("data_batch_4.bin: byte 0", "the file is empty", "{'source': 'cifar10', 'path': '%s'}", dir);
    assert_int_equal(unlink(join(dir, "data_batch_4.bin")), 0);
    expect_bad_data(dir, "there is no data_batch_4.bin or data_batch_4.bin.gz", "{'source': 'cifar10', 'path': '%s'}",
                    dir);
    put_records("train.bin", 2, 2, fine, 0, 0);
    expect_bad_data("train.bin: byte 3074", "label 20 is not in 0..19",
                    "{'source': 'cifar100', 'path': '%s', 'labels': 'coarse'}", dir);
    assert_int_equal(unsetenv("MUSTER_DATA"), 0);
    expect_bad_data("", "say where they are", "{'source': 'cifar10'}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar10_reads_five_files_in_order),
        cmocka_unit_test(cifar100_reads_fine_or_coarse_labels),
        cmocka_unit_test(damage_is_reported_with_file_and_byte),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
