/* Reading plain and gzip files: what comes out, and where each kind of damage is reported. */
#include "unit/data/files.h"

#include "muster/base/mem.h"
#include "read/bytes.h"

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

/* Noise that deflate cannot pack: 5000 bytes stay 5000 bytes. */
static void fill_noise(unsigned char bytes[5000]) {
    uint32_t x = 1;
    for (size_t i = 0; i < 5000; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(x >> 24);
    }
}

static void plain_and_packed_files_read_alike(void **state) {
    (void)state;
    unsigned char bytes[5000], read[5000];
    fill_noise(bytes);
    static const char *const names[] = {"noise", "noise.gz"};
    for (size_t i = 0; i < 2; i++) {
        struct mu_bytes file;
        struct mu_err err = {0};
        assert_int_equal(mu_bytes_open(&file, put_file(dir, names[i], bytes, sizeof bytes), &err), MU_OK);
        assert_int_equal(file.packed, i == 1);
        assert_int_equal(file.whole != NULL, i == 1);
        assert_int_equal(mu_bytes_holds(&file, sizeof bytes, "it", &err), MU_OK);
        assert_int_equal(mu_bytes_read(&file, read, 2000, "it", &err), MU_OK);
        assert_int_equal(mu_bytes_read(&file, read + 2000, 3000, "it", &err), MU_OK);
        assert_int_equal(mu_bytes_end(&file, &err), MU_OK);
        assert_memory_equal(read, bytes, sizeof bytes);
        mu_bytes_close(&file);
    }
}

static void a_block_is_given_away_at_the_end(void **state) {
    (void)state;
    unsigned char bytes[5000];
    static const char *const names[] = {"noise", "noise.gz"};
    fill_noise(bytes);
    for (size_t i = 0; i < 2; i++) {
        struct mu_bytes file;
        struct mu_err err = {0};
        void *first = mu_alloc_uninit(1000, 1, &err), *rest = mu_alloc_uninit(4000, 1, &err);
        assert_int_equal(mu_bytes_open(&file, put_file(dir, names[i], bytes, sizeof bytes), &err), MU_OK);
        assert_int_equal(mu_bytes_read_block(&file, &first, 1000, "it", &err), MU_OK); /* more follows: a copy */
        assert_int_equal(mu_bytes_read_block(&file, &rest, 4000, "it", &err), MU_OK);
        assert_null(file.whole);
        assert_memory_equal(first, bytes, 1000);
        assert_memory_equal(rest, bytes + 1000, 4000);
        assert_int_equal(mu_bytes_end(&file, &err), MU_OK);
        mu_bytes_read_block(&file, &rest, 1, "the rest", &err);
        support_expect_error(&err, MU_BAD_CONFIG, "byte 5000", "ends inside the rest");
        mu_bytes_close(&file);
        mu_free(first);
        mu_free(rest);
    }
}

/* Streams one after the other, as pigz and `cat` make them, are not unpacked at once: the size at the end is the last
 * one's. */
static void two_streams_are_one_file(void **state) {
    (void)state;
    unsigned char bytes[5000], packed[16000], read[10000];
    struct mu_bytes file;
    struct mu_err err = {0};
    fill_noise(bytes);
    const size_t n = get_file(put_file(dir, "noise.gz", bytes, sizeof bytes), packed, sizeof packed);
    memcpy(packed + n, packed, n);
    const char *const path = join(dir, "twice.gz");
    support_write(path, packed, 2 * n);
    assert_int_equal(mu_bytes_open(&file, path, &err), MU_OK);
    assert_true(file.packed && file.whole == NULL);
    assert_int_equal(mu_bytes_read(&file, read, sizeof read, "it", &err), MU_OK);
    assert_int_equal(mu_bytes_end(&file, &err), MU_OK);
    assert_memory_equal(read, bytes, sizeof bytes);
    assert_memory_equal(read + 5000, bytes, sizeof bytes);
    mu_bytes_close(&file);
}

static void a_short_file_is_reported_where_it_ends(void **state) {
    (void)state;
    unsigned char bytes[5000], read[5001];
    fill_noise(bytes);
    struct mu_bytes file;
    struct mu_err err = {0};
    mu_bytes_open(&file, put_file(dir, "short", bytes, sizeof bytes), &err);
    mu_bytes_read(&file, read, 5001, "the thing", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/short: byte 5000", "ends inside the thing (5001 bytes from byte 0)");
    mu_bytes_close(&file);
    mu_bytes_open(&file, put_file(dir, "short", bytes, sizeof bytes), &err);
    mu_bytes_holds(&file, 5001, "the thing", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/short: byte 0", "the file of 5000 bytes cannot hold them");
    mu_bytes_close(&file);
}

static void bytes_that_follow_are_reported(void **state) {
    (void)state;
    struct mu_bytes file;
    struct mu_err err = {0};
    char read[3];
    mu_bytes_open(&file, put_text(dir, "long", "abcd"), &err);
    assert_int_equal(mu_bytes_read(&file, read, 3, "it", &err), MU_OK);
    mu_bytes_end(&file, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/long: byte 3", "bytes follow");
    mu_bytes_close(&file);
}

/* Damages the packed file and reads all of it. */
static void read_damaged(const unsigned char *packed, size_t n, const char *place, const char *text) {
    unsigned char read[5000];
    struct mu_bytes file;
    struct mu_err err = {0};
    const char *const path = join(dir, "damaged.gz");
    support_write(path, packed, n);
    assert_int_equal(mu_bytes_open(&file, path, &err), MU_OK);
    if (mu_bytes_read(&file, read, sizeof read, "it", &err) == MU_OK) {
        mu_bytes_end(&file, &err);
    }
    support_expect_error(&err, MU_BAD_CONFIG, place, text);
    mu_bytes_close(&file);
}

static void damaged_gzip_is_reported(void **state) {
    (void)state;
    unsigned char bytes[5000], packed[8000];
    fill_noise(bytes);
    const size_t n = get_file(put_file(dir, "noise.gz", bytes, sizeof bytes), packed, sizeof packed);
    read_damaged(packed, n / 2, "damaged.gz: byte 24", "the gzip stream is truncated");
    read_damaged(packed, n - 3, "damaged.gz: byte 5000 (unpacked)", "the gzip stream is truncated");
    packed[n - 7] ^= 1; /* the checksum */
    read_damaged(packed, n, "damaged.gz: byte", "the gzip stream is corrupt (incorrect data check)");
    packed[n - 7] ^= 1;
    packed[12] ^= 0xff; /* the first block's header */
    read_damaged(packed, n, "damaged.gz: byte 0 (unpacked)", "the gzip stream is corrupt");
}

static void what_is_no_file_is_reported(void **state) {
    (void)state;
    struct mu_bytes file;
    struct mu_err err = {0};
    mu_bytes_open(&file, join(dir, "missing"), &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/missing", "No such file");
    mu_bytes_open(&file, dir, &err);
    support_expect_error(&err, MU_BAD_CONFIG, dir, "is a directory");
    mu_bytes_open(&file, "/dev/null", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/dev/null", "is not a regular file");
    char long_path[600];
    memset(long_path, 'x', sizeof long_path);
    long_path[599] = '\0';
    mu_bytes_open(&file, long_path, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "", "599 bytes is too long");
    mu_bytes_close(&file);
}

static void a_data_set_is_looked_for_in_its_folder(void **state) {
    (void)state;
    char found[448], expected[512];
    assert_int_equal(unsetenv("MUSTER_DATA"), 0);
    assert_false(mu_dataset_dir(NULL, "set", NULL, found));
    assert_true(mu_dataset_dir(NULL, "set", "/fallback", found));
    assert_string_equal(found, "/fallback");
    assert_true(mu_dataset_dir(dir, "set", NULL, found));
    assert_string_equal(found, dir);
    snprintf(expected, sizeof expected, "%s/set", dir);
    assert_int_equal(mkdir(expected, 0700), 0);
    assert_true(mu_dataset_dir(dir, "set", NULL, found));
    assert_string_equal(found, expected);
    assert_int_equal(setenv("MUSTER_DATA", dir, 1), 0);
    assert_true(mu_dataset_dir(NULL, "set", "/fallback", found));
    assert_string_equal(found, expected);
    assert_int_equal(unsetenv("MUSTER_DATA"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_packed_files_read_alike), cmocka_unit_test(a_short_file_is_reported_where_it_ends),
        cmocka_unit_test(two_streams_are_one_file),          cmocka_unit_test(a_block_is_given_away_at_the_end),
        cmocka_unit_test(bytes_that_follow_are_reported),    cmocka_unit_test(damaged_gzip_is_reported),
        cmocka_unit_test(what_is_no_file_is_reported),       cmocka_unit_test(a_data_set_is_looked_for_in_its_folder),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
