#include "support.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <zip.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/base/npz.h"
#include "support_numpy.h"

static char dir[256];
static char path[512];

static const float weight[6] = {0.5F, -1.25F, 3e-39F, 1e38F, -0.0F, 7.0F};
static const int64_t step[1] = {1234567890123};
static uint8_t pixel[3000];
static const double nothing[1];

/* A model's two arrays, a scalar, bytes and an array without elements. */
static const struct mu_array sample[] = {
    {.name = "layer0/weight", .elem = MU_F32, .axes = 2, .shape = {2, 3}, .data = (void *)(uintptr_t)weight},
    {.name = "step", .elem = MU_I64, .axes = 0, .data = (void *)(uintptr_t)step},
    {.name = "pixel", .elem = MU_U8, .axes = 1, .shape = {3000}, .data = pixel},
    {.name = "empty", .elem = MU_F64, .axes = 2, .shape = {0, 4}, .data = (void *)(uintptr_t)nothing},
};
enum { SAMPLES = 4 };

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/a.npz", dir);
    for (size_t i = 0; i < sizeof pixel; i++) {
        pixel[i] = (uint8_t)(i * i >> 3);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static void write_sample(void) {
    struct mu_err err = {.code = MU_OK};
    mu_npz_write(path, SAMPLES, sample, &err);
    support_expect_ok(&err);
}

static void expect_refusal(int code, const char *place, const char *text) {
    struct mu_err err = {.code = MU_OK};
    struct mu_array *array = NULL;
    size_t n = 0;
    mu_npz_read(path, &n, &array, &err);
    support_expect_error(&err, code, place, text);
    assert_int_equal(mu_npz_read(path, &n, &array, NULL), code); /* without an err the code still tells */
    assert_null(array);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_array *array = NULL;
    size_t n = 0;
    write_sample();
    mu_npz_read(path, &n, &array, &err);
    support_expect_ok(&err);
    assert_int_equal(n, SAMPLES);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(array[i].name, sample[i].name);
        assert_int_equal(array[i].elem, sample[i].elem);
        assert_int_equal(array[i].axes, sample[i].axes);
        assert_memory_equal(array[i].shape, sample[i].shape, sizeof sample[i].shape);
        assert_memory_equal(array[i].data, sample[i].data, mu_array_count(&sample[i]) * mu_elem_bytes(sample[i].elem));
    }
    mu_npz_free(n, array);
    mu_npz_free(0, NULL);
}

/* On another day, in another time zone, in another process's place: the same bytes. */
static void the_same_arrays_give_the_same_bytes(void **state) {
    (void)state;
    static const char *const zone[] = {"UTC", "Asia/Kathmandu", "America/New_York", "Pacific/Apia", "XXX+12"};
    struct mu_err err = {.code = MU_OK};
    char first[65];
    for (size_t z = 0; z < 5; z++) {
        char hex[65];
        setenv("TZ", zone[z], 1);
        tzset();
        if (z == 1) {
            sleep(1); /* not to pass by writing both within a second */
        }
        write_sample();
        assert_int_equal(mu_file_sha256(path, hex, &err), MU_OK);
        memcpy(z == 0 ? first : hex, hex, sizeof hex);
        assert_string_equal(first, hex);
    }
    unsetenv("TZ");
    tzset();
    /* Control: other arrays, other bytes. */
    char hex[65];
    assert_int_equal(mu_npz_write(path, SAMPLES - 1, sample, &err), MU_OK);
    assert_int_equal(mu_file_sha256(path, hex, &err), MU_OK);
    assert_string_not_equal(first, hex);
}

static void members_are_stored_and_dated_1980(void **state) {
    (void)state;
    write_sample();
    int reason = 0;
    zip_t *archive = zip_open(path, ZIP_RDONLY, &reason);
    assert_non_null(archive);
    assert_int_equal(zip_get_num_entries(archive, 0), SAMPLES);
    for (zip_uint64_t i = 0; i < SAMPLES; i++) {
        zip_stat_t info;
        assert_int_equal(zip_stat_index(archive, i, 0, &info), 0);
        assert_int_equal(info.comp_method, ZIP_CM_STORE);
        struct tm date;
        localtime_r(&info.mtime, &date);
        assert_int_equal(date.tm_year, 80);
        assert_int_equal(date.tm_yday, 0);
        assert_string_equal(info.name + strlen(info.name) - 4, ".npy");
    }
    zip_discard(archive);
}

static void names_must_differ_and_arrays_exist(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    const struct mu_array twice[] = {sample[1], sample[2], sample[1]};
    assert_int_equal(mu_npz_write(path, 3, twice, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "cannot add step.npy");
    assert_int_equal(mu_npz_write(path, 0, NULL, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "no arrays");
    assert_int_equal(rmdir(dir), 0); /* empty */
    assert_int_equal(mkdir(dir, 0700), 0);
}

static void a_failed_write_leaves_the_old_file_and_nothing_else(void **state) {
    (void)state;
    static double data[4000];
    struct mu_err err = {.code = MU_OK};
    struct rlimit before;
    char old[65];
    char now[65];
    const struct mu_array large = {.name = "a", .elem = MU_F64, .axes = 1, .shape = {4000}, .data = data};
    for (int with_old = 0; with_old < 2; with_old++) {
        if (with_old) {
            write_sample();
            assert_int_equal(mu_file_sha256(path, old, &err), MU_OK);
        }
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit small = {.rlim_cur = 8192, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        mu_npz_write(path, 1, &large, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        support_expect_error(&err, MU_IO, path, "File too large");
        if (with_old) {
            assert_int_equal(mu_file_sha256(path, now, &err), MU_OK);
            assert_string_equal(old, now);
            assert_int_equal(unlink(path), 0);
        }
        assert_int_equal(rmdir(dir), 0); /* nothing else was there */
        assert_int_equal(mkdir(dir, 0700), 0);
    }
}

static void an_impossible_destination_is_an_io_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char name[600];
    snprintf(name, sizeof name, "%s/missing/a.npz", dir);
    assert_int_equal(mu_npz_write(name, SAMPLES, sample, &err), MU_IO);
    support_expect_error(&err, MU_IO, name, "No such file");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mu_npz_write(path, SAMPLES, sample, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "Is a directory");
    assert_int_equal(rmdir(path), 0);
    if (geteuid() != 0) { /* root writes anywhere */
        assert_int_equal(chmod(dir, 0500), 0);
        assert_int_equal(mu_npz_write(path, SAMPLES, sample, &err), MU_IO);
        support_expect_error(&err, MU_IO, path, "Permission denied");
        assert_int_equal(chmod(dir, 0700), 0);
    }
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
}

static void what_is_no_archive_is_refused(void **state) {
    (void)state;
    static const char zeros[5000];
    expect_refusal(MU_IO, path, "No such file");
    support_write(path, "", 0);
    expect_refusal(MU_BAD_CONFIG, "a.npz: byte 0", "is not a .npz file");
    support_write(path, zeros, sizeof zeros);
    expect_refusal(MU_BAD_CONFIG, "a.npz: byte 5000", "is not a .npz file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_refusal(MU_IO, path, "is a directory");
}

/* Members that numpy would not have written, put there by libzip itself. */
static void write_member(const char *name, const void *bytes, size_t n, zip_int32_t method) {
    int reason = 0;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &reason);
    assert_non_null(archive);
    const zip_int64_t index = zip_file_add(archive, name, zip_source_buffer(archive, bytes, n, 0), 0);
    assert_true(index >= 0);
    assert_int_equal(zip_set_file_compression(archive, (zip_uint64_t)index, method, 0), 0);
    assert_int_equal(zip_close(archive), 0);
}

static void strange_members_are_refused(void **state) {
    (void)state;
    char name[200];
    static const char zeros[1000];
    write_member("a.npy", "nonsense", 8, ZIP_CM_STORE);
    expect_refusal(MU_BAD_CONFIG, "a.npz: a.npy: byte 0", "is not a .npy file");
    write_member("a.npy", zeros, 0, ZIP_CM_STORE);
    expect_refusal(MU_BAD_CONFIG, "a.npz: a.npy: byte 0", "ends inside the magic");
    if (zip_compression_method_supported(ZIP_CM_BZIP2, 1)) {
        write_member("a.npy", zeros, sizeof zeros, ZIP_CM_BZIP2);
        expect_refusal(MU_BAD_CONFIG, "a.npz: a.npy", "is neither stored nor deflated");
    }
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    write_member(name, "\x93NUMPY\1\0004\0{'descr':'|u1','fortran_order':False,'shape':(1,),}\nx", 63, ZIP_CM_DEFLATE);
    expect_refusal(MU_BAD_CONFIG, path, "longer than 63 bytes");
    name[63] = '\0'; /* control: without an ending, and just short enough */
    write_member(name, "\x93NUMPY\1\0004\0{'descr':'|u1','fortran_order':False,'shape':(1,),}\nx", 63, ZIP_CM_DEFLATE);
    struct mu_err err = {.code = MU_OK};
    struct mu_array *array = NULL;
    size_t n = 0;
    mu_npz_read(path, &n, &array, &err);
    support_expect_ok(&err);
    assert_string_equal(array[0].name, name);
    assert_int_equal(*(const char *)array[0].data, 'x');
    mu_npz_free(n, array);
}

/* Every beginning of a good archive is an error; every change of one byte is an error or other arrays, and inside the
 * elements always an error, since there is a checksum. */
static void damaged_archives_are_errors(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char *good = NULL;
    size_t n = 0;
    size_t accepted = 0;
    const struct mu_array small[] = {sample[0], sample[1]};
    assert_int_equal(mu_npz_write(path, 2, small, &err), MU_OK);
    assert_int_equal(mu_file_read(path, 1 << 20, &good, &n, &err), MU_OK);
    const char *elements = memmem(good, n, weight, sizeof weight);
    assert_non_null(elements);
    for (size_t cut = 0; cut < n; cut++) {
        support_write(path, good, cut);
        expect_refusal(MU_BAD_CONFIG, "a.npz", "");
    }
    for (size_t i = 0; i < 3 * n; i++) {
        static const char change[] = {1, '\x80', '\xff'};
        struct mu_array *array = NULL;
        size_t members = 0;
        const size_t at = i / 3;
        good[at] = (char)(good[at] ^ change[i % 3]);
        support_write(path, good, n);
        good[at] = (char)(good[at] ^ change[i % 3]);
        const int rc = mu_npz_read(path, &members, &array, &err);
        if (rc == MU_OK) {
            assert_false(good + at >= elements && good + at < elements + sizeof weight);
            mu_npz_free(members, array);
            accepted++;
        } else {
            assert_true(rc == MU_BAD_CONFIG || rc == MU_IO);
            err.code = MU_OK;
        }
    }
    assert_true(accepted < 3 * n / 2);
    mu_free(good);
}

static void numpy_reads_what_we_write(void **state) {
    (void)state;
    if (!support_has_numpy()) {
        skip();
    }
    write_sample();
    const char *const check = "z = numpy.load('a.npz')\n"
                              "assert z.files == ['layer0/weight', 'step', 'pixel', 'empty'], z.files\n"
                              "w = z['layer0/weight']\n"
                              "assert w.dtype == '<f4' and w.shape == (2, 3) and w[0, 1] == -1.25\n"
                              "assert w[0, 2] == numpy.float32(3e-39) and numpy.signbit(w[1, 1])\n"
                              "assert z['step'].shape == () and z['step'] == 1234567890123\n"
                              "i = numpy.arange(3000)\n"
                              "assert (z['pixel'] == (i * i >> %s).astype('u1')).all()\n"
                              "assert z['empty'].shape == (0, 4) and z['empty'].dtype == '<f8'\n";
    assert_int_equal(support_numpy(dir, check, "3"), 0);
    assert_int_not_equal(support_numpy(dir, check, "2"), 0); /* control */
}

static void we_read_what_numpy_writes(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    if (!support_has_numpy()) {
        skip();
    }
    static const char *const function[] = {"savez", "savez_compressed"};
    for (size_t f = 0; f < 2; f++) {
        struct mu_array *array = NULL;
        size_t n = 0;
        assert_int_equal(support_numpy(dir,
                                       "numpy.%s('a.npz', x=numpy.arange(100000.0), y=numpy.int32(-5),\n"
                                       "            z=numpy.zeros((1000, 0, 2), 'f4'))\n",
                                       function[f]),
                         0);
        mu_npz_read(path, &n, &array, &err);
        support_expect_ok(&err);
        assert_int_equal(n, 3);
        assert_string_equal(array[0].name, "x");
        for (size_t i = 0; i < 100000; i++) {
            assert_true(((const double *)array[0].data)[i] == (double)i);
        }
        assert_int_equal(array[1].axes, 0);
        assert_int_equal(*(const int32_t *)array[1].data, -5);
        assert_int_equal(array[2].shape[2], 2);
        mu_npz_free(n, array);
    }
    assert_int_equal(support_numpy(dir, "numpy.savez('a.npz', x=numpy.ones((2, 3), order='%s'))\n", "F"), 0);
    expect_refusal(MU_BAD_CONFIG, "a.npz: x.npy: byte ", "Fortran order");
    assert_int_equal(support_numpy(dir,
                                   "import warnings, zipfile\nwarnings.simplefilter('ignore')\n"
                                   "numpy.save('x.npy', numpy.ones(%s))\nz = zipfile.ZipFile('a.npz', 'w')\n"
                                   "z.write('x.npy'); z.write('x.npy'); z.close()\n",
                                   "3"),
                     0);
    expect_refusal(MU_BAD_CONFIG, path, "is there twice");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_arrays_give_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_stored_and_dated_1980, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_must_differ_and_arrays_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_file_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_impossible_destination_is_an_io_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_archive_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strange_members_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_archives_are_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numpy_reads_what_we_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(we_read_what_numpy_writes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
