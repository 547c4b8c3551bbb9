#include "support.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "muster/base/mem.h"
#include "muster/base/npz.h"
#include "npy.h"
#include "support_numpy.h"

static char dir[256];
static char path[512];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/a.npy", dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static void elements_have_their_sizes(void **state) {
    (void)state;
    assert_int_equal(mu_elem_bytes(MU_U8), 1);
    assert_int_equal(mu_elem_bytes(MU_I32), 4);
    assert_int_equal(mu_elem_bytes(MU_I64), 8);
    assert_int_equal(mu_elem_bytes(MU_F32), 4);
    assert_int_equal(mu_elem_bytes(MU_F64), 8);
    const struct mu_array scalar = {.axes = 0};
    const struct mu_array cube = {.axes = 3, .shape = {2, 3, 4}};
    assert_int_equal(mu_array_count(&scalar), 1);
    assert_int_equal(mu_array_count(&cube), 24);
}

/* NEP 1, written out: magic, version 1.0, 118 bytes of dictionary, blanks and a newline. */
static void the_header_is_numpys(void **state) {
    (void)state;
    char header[MU_NPY_HEADER_BYTES];
    char expected[128];
    const struct mu_array vector = {.elem = MU_F32, .axes = 1, .shape = {7850}};
    memset(expected, ' ', sizeof expected);
    memcpy(expected, "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (7850,), }", 70);
    expected[127] = '\n';
    assert_int_equal(mu_npy_header(&vector, header), 128);
    assert_memory_equal(header, expected, 128);
    /* The longest there can be fits. */
    const struct mu_array large = {.elem = MU_U8, .axes = 4, .shape = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}};
    assert_int_equal(mu_npy_header(&large, header), 192);
    assert_non_null(memmem(header, 192, "18446744073709551615), }", 24));
    assert_int_equal(header[191], '\n');
}

static void every_type_and_shape_comes_back(void **state) {
    (void)state;
    static const size_t shape[][MU_MAX_AXES] = {{0}, {1}, {1000}, {0}, {3, 5}, {2, 0, 4}, {2, 3, 4}, {5, 1, 2, 3}};
    static const size_t axes[] = {0, 1, 1, 1, 2, 3, 3, 4};
    static unsigned char data[8000];
    struct mu_err err = {.code = MU_OK};
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (unsigned char)(i * 37 >> 2);
    }
    for (int elem = MU_U8; elem <= MU_F64; elem++) {
        for (size_t s = 0; s < 8; s++) {
            struct mu_array array = {.elem = (enum mu_elem)elem, .axes = axes[s], .data = data};
            struct mu_array back;
            memcpy(array.shape, shape[s], sizeof shape[s]);
            assert_int_equal(mu_npy_write(path, &array, &err), MU_OK);
            mu_npy_read(path, &back, &err);
            support_expect_ok(&err);
            assert_int_equal(back.elem, elem);
            assert_int_equal(back.axes, axes[s]);
            assert_memory_equal(back.shape, array.shape, axes[s] * sizeof(size_t));
            assert_memory_equal(back.data, data, mu_array_count(&array) * mu_elem_bytes(array.elem));
            assert_int_equal((uintptr_t)back.data % 64, 0);
            mu_free(back.data);
        }
    }
}

/* A file with this dictionary, padded to its claimed length, and n zero bytes of elements. */
static void write_dictionary(const char *text, size_t n) {
    char bytes[400] = "\x93NUMPY\1";
    const size_t length = strlen(text) + 1;
    bytes[8] = (char)length;
    memcpy(bytes + 10, text, length - 1);
    bytes[9 + length] = '\n';
    support_write(path, bytes, 10 + length + n);
}

static void expect_refusal(const char *place, const char *text) {
    struct mu_err err = {.code = MU_OK};
    struct mu_array array;
    mu_npy_read(path, &array, &err);
    support_expect_error(&err, MU_BAD_CONFIG, place, text);
    assert_null(array.data);
    assert_int_equal(mu_npy_read(path, &array, NULL), MU_BAD_CONFIG); /* without an err the code still tells */
}

/* The dictionary starts at byte 10. */
static void malformed_dictionaries_are_refused_at_their_byte(void **state) {
    (void)state;
#define DESCR "{'descr':'<f4',"
#define ORDER DESCR "'fortran_order':False,"
    static const struct {
        const char *text;
        size_t n;
        const char *place, *error;
    } bad[] = {
        {"", 0, "a.npy: byte 11", "expected a dictionary"},
        {"['descr']", 0, "a.npy: byte 10", "expected a dictionary"},
        {"{}", 0, "a.npy: byte 13", "each of the keys"},
        {"{'descr'", 0, "a.npy: byte 19", "expected a colon"},
        {"{'descr", 0, "a.npy: byte 18", "expected a key"},
        {"{'descr':", 0, "a.npy: byte 20", "expected a type name"},
        {"{7:8}", 0, "a.npy: byte 11", "expected a key"},
        {"{'descr':'>f4','fortran_order':False,'shape':(1,)}", 4, "a.npy: byte 19", "type \">f4\" is big-endian"},
        {"{'descr':'<c8','fortran_order':False,'shape':(1,)}", 8, "a.npy: byte 19", "type \"<c8\" is not supported"},
        {"{'descr':'|O','fortran_order':False,'shape':(1,)}", 8, "a.npy: byte 19", "type \"|O\" is not supported"},
        {"{'descr':'<f2','fortran_order':False,'shape':(1,)}", 2, "a.npy: byte 19", "\"<f2\" is not supported"},
        {"{'descr':[('x','<f4')],'fortran_order':False,'shape':(1,)}", 4, "a.npy: byte 19", "records"},
        {"{'descr':'0123456789012345678901234567890123456789'}", 0, "a.npy: byte 51", "expected a type name"},
        {DESCR "'fortran_order':True,'shape':(2,2)}", 16, "a.npy: byte 41", "Fortran order"},
        {DESCR "'fortran_order':Fals", 0, "a.npy: byte 41", "expected True or False"},
        {DESCR "'fortran_order':0,'shape':(2,2)}", 16, "a.npy: byte 41", "expected True or False"},
        {ORDER "'shape':2}", 8, "a.npy: byte 55", "expected the shape"},
        {ORDER "'shape':(-2,)}", 8, "a.npy: byte 56", "expected an extent"},
        {ORDER "'shape':(2 2)}", 16, "a.npy: byte 58", "expected a comma"},
        {ORDER "'shape':(2,2", 16, "a.npy: byte 60", "expected a comma"},
        {ORDER "'shape':(1,1,1,1,1)}", 4, "a.npy: byte 64", "more than 4 axes"},
        {ORDER "'shape':(18446744073709551616,)}", 4, "a.npy: byte 75", "expected an extent below 2^64"},
        {ORDER "'shape':(1,)} x", 4, "a.npy: byte 61", "expected nothing after"},
        {ORDER "'shape':(1,),'shape':(1,)}", 4, "a.npy: byte 67", "each of the keys"},
        {ORDER "'shape':(1,),'colour':'red'}", 4, "a.npy: byte 68", "each of the keys"},
        {ORDER "}", 4, "a.npy: byte 49", "each of the keys"},
        /* Shapes that lie. 2^62 and 2^64 elements of four bytes wrap to 0 bytes. */
        {ORDER "'shape':(2,)}", 4, "a.npy: byte 65", "promises 8 bytes of elements, 4 follow"},
        {ORDER "'shape':(1,)}", 8, "a.npy: byte 65", "promises 4 bytes of elements, 8 follow"},
        {ORDER "'shape':(4611686018427387904,)}", 0, "a.npy: byte 79", "more than 2^64 bytes"},
        {ORDER "'shape':(4611686018427387904,1)}", 0, "a.npy: byte 80", "more than 2^64 bytes"},
        {ORDER "'shape':(4294967296,4294967296)}", 0, "a.npy: byte 80", "more than 2^64 bytes"},
        {ORDER "'shape':(4294967296,4294967297)}", 4, "a.npy: byte 80", "more than 2^64 bytes"},
        {ORDER "'shape':(1000000000000000000,)}", 4, "a.npy: byte 83", "promises 4000000000000000000 bytes"},
        {ORDER "'shape':(18446744073709551615,18446744073709551615,0)}", 4, "a.npy: byte 102", "promises 0 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_dictionary(bad[i].text, bad[i].n);
        expect_refusal(bad[i].place, bad[i].error);
    }
    /* Control: with nothing wrong the same kind of file is read, keys in any order and double quotes included. */
    struct mu_err err = {.code = MU_OK};
    struct mu_array array;
    write_dictionary("{ \"shape\" : ( 2 , 3 ) , 'fortran_order': False, \"descr\": '<i4' } ", 24);
    mu_npy_read(path, &array, &err);
    support_expect_ok(&err);
    assert_int_equal(array.elem, MU_I32);
    assert_int_equal(array.shape[1], 3);
    mu_free(array.data);
}

static void wrong_beginnings_are_refused(void **state) {
    (void)state;
    support_write(path, "", 0);
    expect_refusal("a.npy: byte 0", "ends inside the magic");
    support_write(path, "PK\3\4\0\0\0\0", 8);
    expect_refusal("a.npy: byte 0", "is not a .npy file");
    support_write(path, "\x93NUMPY\4\0\0\0\0\0\0\0", 14);
    expect_refusal("a.npy: byte 6", "version 4.0 is not supported");
    support_write(path, "\x93NUMPY\2\0\xff\xff\xff\xff", 12);
    expect_refusal("a.npy: byte 8", "the header has 4294967295 bytes");
    support_write(path, "\x93NUMPY\2\0\xff", 9);
    expect_refusal("a.npy: byte 9", "ends inside the header");
}

/* Every beginning of a good file is an error, and every change of one byte is an error or an array, never a crash. */
static void damaged_files_are_errors(void **state) {
    (void)state;
    static const unsigned char value[] = {0, 1, '\'', '(', ')', ',', '9', '}', 0x7f, 0x80, 0xff};
    static const int32_t data[6] = {1, -2, 3, -4, 5, -6};
    struct mu_err err = {.code = MU_OK};
    char good[256];
    char bad[256];
    const struct mu_array array = {.elem = MU_I32, .axes = 2, .shape = {2, 3}, .data = (void *)(uintptr_t)data};
    const size_t n = mu_npy_header(&array, good) + sizeof data;
    memcpy(good + n - sizeof data, data, sizeof data);
    for (size_t cut = 0; cut < n; cut++) {
        support_write(path, good, cut);
        expect_refusal("a.npy: byte ", cut < 128 ? "ends inside" : "promises 24 bytes");
    }
    for (size_t i = 0; i < 128; i++) {
        for (size_t v = 0; v < sizeof value; v++) {
            struct mu_array back;
            memcpy(bad, good, n);
            bad[i] = (char)value[v];
            support_write(path, bad, n);
            if (mu_npy_read(path, &back, &err) == MU_OK) {
                assert_int_equal(mu_array_count(&back) * mu_elem_bytes(back.elem), 24);
                mu_free(back.data);
            } else {
                support_expect_error(&err, MU_BAD_CONFIG, "a.npy: byte ", "");
            }
        }
    }
}

static void a_missing_file_is_an_io_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_array array;
    assert_int_equal(mu_npy_read(path, &array, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "No such file");
}

/* A limit on the size of files stands in for a full disk. */
static void a_failed_write_leaves_nothing(void **state) {
    (void)state;
    static double data[2000];
    struct mu_err err = {.code = MU_OK};
    struct rlimit before;
    const struct mu_array array = {.elem = MU_F64, .axes = 1, .shape = {2000}, .data = data};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    mu_npy_write(path, &array, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    support_expect_error(&err, MU_IO, path, "File too large");
    assert_int_equal(rmdir(dir), 0); /* empty */
    assert_int_equal(mu_npy_write(path, &array, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "No such file");
    assert_int_equal(mkdir(dir, 0700), 0);
}

static void numpy_reads_what_we_write(void **state) {
    (void)state;
    static const double data[6] = {0.1, -2.5, INFINITY, 1e-320, -0.0, 6.0};
    struct mu_err err = {.code = MU_OK};
    const struct mu_array array = {.elem = MU_F64, .axes = 2, .shape = {3, 2}, .data = (void *)(uintptr_t)data};
    if (!support_has_numpy()) {
        skip();
    }
    assert_int_equal(mu_npy_write(path, &array, &err), MU_OK);
    const char *const check = "a = numpy.load('a.npy')\n"
                              "assert a.dtype == '<f8' and a.shape == (3, 2) and a.flags.c_contiguous\n"
                              "assert a[0, 0] == 0.1 and a[0, 1] == -2.5 and a[1, 0] == numpy.inf\n"
                              "assert a[1, 1] == 1e-320 and numpy.signbit(a[2, 0]) and a[2, 1] == %s\n";
    assert_int_equal(support_numpy(dir, check, "6"), 0);
    assert_int_not_equal(support_numpy(dir, check, "6.5"), 0); /* control */
}

static void we_read_what_numpy_writes(void **state) {
    (void)state;
    static const char *const type[] = {"uint8", "int32", "int64", "float32", "float64"};
    struct mu_err err = {.code = MU_OK};
    struct mu_array array;
    if (!support_has_numpy()) {
        skip();
    }
    for (int elem = MU_U8; elem <= MU_F64; elem++) {
        assert_int_equal(support_numpy(dir,
                                       "numpy.save('a.npy', numpy.arange(200, 206).reshape(1, 2, 3).astype('%s'))\n",
                                       type[elem]),
                         0);
        mu_npy_read(path, &array, &err);
        support_expect_ok(&err);
        assert_int_equal(array.elem, elem);
        assert_int_equal(array.axes, 3);
        assert_int_equal(array.shape[2], 3);
        assert_int_equal(elem == MU_U8    ? *((const uint8_t *)array.data + 5)
                         : elem == MU_I32 ? *((const int32_t *)array.data + 5)
                         : elem == MU_I64 ? *((const int64_t *)array.data + 5)
                         : elem == MU_F32 ? (int64_t) * ((const float *)array.data + 5)
                                          : (int64_t) * ((const double *)array.data + 5),
                         205);
        mu_free(array.data);
    }
    assert_int_equal(
        support_numpy(dir, "numpy.lib.format.write_array(open('a.npy', 'wb'), numpy.ones(%s), (2, 0))\n", "3"), 0);
    assert_int_equal(mu_npy_read(path, &array, &err), MU_OK);
    assert_true(((const double *)array.data)[2] == 1.0);
    mu_free(array.data);
    assert_int_equal(support_numpy(dir, "numpy.save('a.npy', numpy.ones((2, 3), order='%s'))\n", "F"), 0);
    expect_refusal("a.npy: byte ", "Fortran order");
    assert_int_equal(support_numpy(dir, "numpy.save('a.npy', numpy.ones(3, dtype='%s'))\n", ">f8"), 0);
    expect_refusal("a.npy: byte ", "big-endian");
    assert_int_equal(support_numpy(dir, "numpy.save('a.npy', numpy.ones(3, dtype=[('x', '%s')]))\n", "f4"), 0);
    expect_refusal("a.npy: byte ", "records");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_have_their_sizes),
        cmocka_unit_test(the_header_is_numpys),
        cmocka_unit_test_setup_teardown(every_type_and_shape_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_dictionaries_are_refused_at_their_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_beginnings_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_files_are_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_an_io_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numpy_reads_what_we_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(we_read_what_numpy_writes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
