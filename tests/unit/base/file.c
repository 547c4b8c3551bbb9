#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"

static char dir[256];
static char path[512];

/* Instead of the C library's. */
static int synced, sync_errno;
int fsync(int file) {
    (void)file;
    synced++;
    errno = sync_errno;
    return sync_errno != 0 ? -1 : 0;
}

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/file", dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static void expect_content(const void *expected, size_t expected_n, size_t limit) {
    struct mu_err err = {.code = MU_OK};
    char *text = NULL;
    size_t n = 0;
    mu_file_read(path, limit, &text, &n, &err);
    support_expect_ok(&err);
    assert_int_equal(n, expected_n);
    assert_memory_equal(text, expected, n);
    assert_int_equal(text[n], '\0');
    mu_free(text);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    static char text[100001];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * i); /* zeros among them */
    }
    static const size_t size[] = {0, 1, 4095, 4096, sizeof text};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(mu_file_replace(path, text, size[i], &err), MU_OK);
        expect_content(text, size[i], size[i]); /* the limit itself is allowed */
        expect_content(text, size[i], SIZE_MAX);
    }
}

static void too_large_a_file_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char *text = NULL;
    size_t n = 0;
    support_write(path, "12345", 5);
    assert_int_equal(mu_file_read(path, 4, &text, &n, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "larger than the 4 bytes");
    assert_null(text);
}

/* Files in /proc say that they are empty. */
static void a_file_of_unknown_size_is_read_to_its_end(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char *text = NULL;
    size_t n = 0;
    if (access("/proc/self/status", R_OK) != 0) {
        skip();
    }
    assert_int_equal(mu_file_read("/proc/self/status", 1 << 20, &text, &n, &err), MU_OK);
    assert_non_null(strstr(text, "VmPeak"));
    assert_int_equal(n, strlen(text));
    mu_free(text);
}

static void what_is_no_file_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char *text = NULL;
    char hex[65];
    size_t n = 0;
    assert_int_equal(mu_file_read(path, 9, &text, &n, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "No such file");
    assert_int_equal(mu_file_read(dir, 9, &text, &n, &err), MU_IO);
    support_expect_error(&err, MU_IO, dir, "is a directory");
    assert_int_equal(mu_file_sha256(dir, hex, &err), MU_IO);
    support_expect_error(&err, MU_IO, dir, "is a directory");
    assert_null(text);
}

static size_t count_entries(void) {
    size_t n = 0;
    DIR *listing = opendir(dir);
    while (readdir(listing) != NULL) {
        n++;
    }
    closedir(listing);
    return n - 2; /* . and .. */
}

static void a_failed_replacement_leaves_the_old_file_and_nothing_else(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    static char text[9000];
    struct rlimit before;
    support_write(path, "old", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    mu_file_replace(path, text, sizeof text, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    support_expect_error(&err, MU_IO, path, "File too large");
    expect_content("old", 3, 99);
    assert_int_equal(count_entries(), 1);
}

/* Nobody who reads while it is published over and over sees anything but one of the versions, whole. */
static void what_is_published_is_whole_at_every_moment(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    enum { ROUNDS = 300, SIZE = 20000 };
    static char text[SIZE];
    memset(text, 'a', sizeof text);
    assert_int_equal(mu_file_publish(path, text, sizeof text, &err), MU_OK);
    const pid_t child = fork();
    if (child == 0) {
        for (int i = 1; i < ROUNDS; i++) {
            memset(text, 'a' + i % 26, sizeof text);
            if (mu_file_publish(path, text, sizeof text, &err) != MU_OK) {
                _exit(1);
            }
        }
        _exit(0);
    }
    assert_true(child > 0);
    int status = 0;
    do {
        char *seen = NULL;
        size_t n = 0;
        mu_file_read(path, SIZE_MAX, &seen, &n, &err);
        support_expect_ok(&err);
        assert_int_equal(n, SIZE);
        for (size_t i = 1; i < n; i++) {
            assert_int_equal(seen[i], seen[0]);
        }
        mu_free(seen);
    } while (waitpid(child, &status, WNOHANG) == 0);
    assert_int_equal(status, 0);
    memset(text, 'a' + (ROUNDS - 1) % 26, sizeof text);
    expect_content(text, sizeof text, SIZE);
    assert_int_equal(count_entries(), 1); /* nothing lies about beside it */
}

static void what_cannot_be_published_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char nowhere[600];
    snprintf(nowhere, sizeof nowhere, "%s/none/file", dir);
    assert_int_equal(mu_file_publish(nowhere, "x", 1, &err), MU_IO);
    support_expect_error(&err, MU_IO, nowhere, "No such file");
    assert_int_equal(count_entries(), 0);
}

/* FIPS 180-2, appendix B, and the empty message. */
static void checksums_are_the_published_ones(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char hex[65];
    support_write(path, "", 0);
    assert_int_equal(mu_file_sha256(path, hex, &err), MU_OK);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    support_write(path, "abc", 3);
    assert_int_equal(mu_file_sha256(path, hex, &err), MU_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static char text[1000000];
    memset(text, 'a', sizeof text);
    support_write(path, text, sizeof text);
    assert_int_equal(mu_file_sha256(path, hex, &err), MU_OK);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void directories_are_made_with_their_parents(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct stat info;
    char deep[600];
    snprintf(deep, sizeof deep, "%s/a//b/c/", dir);
    assert_int_equal(mu_dir_create(deep, &err), MU_OK);
    assert_int_equal(mu_dir_create(deep, &err), MU_OK); /* again */
    assert_int_equal(stat(deep, &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_int_equal(mu_dir_create("/", &err), MU_OK);
}

static void what_is_in_the_way_of_a_directory_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char deep[5000];
    support_write(path, "x", 1);
    assert_int_equal(mu_dir_create(path, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "exists, but is not a directory");
    snprintf(deep, sizeof deep, "%s/below", path);
    assert_int_equal(mu_dir_create(deep, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "exists, but is not a directory");
    assert_int_equal(mu_dir_create("", &err), MU_IO);
    support_expect_error(&err, MU_IO, "", "No such file");
    assert_int_equal(mu_dir_create("/proc/none/such", &err), MU_IO);
    support_expect_error(&err, MU_IO, "/proc/none", "cannot create the directory");
    memset(deep, 'x', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(mu_dir_create(deep, &err), MU_IO);
    support_expect_error(&err, MU_IO, "xxx", "too long");
}

static void a_hasty_replacement_is_one_too(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_file_publish(path, "first", 5, &err), MU_OK);
    expect_content("first", 5, 99);
    assert_int_equal(mu_file_publish(path, "2", 1, &err), MU_OK);
    expect_content("2", 1, 99);
    assert_int_equal(count_entries(), 1);
    assert_int_equal(mu_file_publish("/proc/none/such", "2", 1, &err), MU_IO);
    support_expect_error(&err, MU_IO, "/proc/none/such", "No such file");
}

static void a_directory_goes_with_all_that_is_in_it(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char tree[300], at[600];
    snprintf(tree, sizeof tree, "%s/tree", dir);
    snprintf(at, sizeof at, "%s/a/b/c/d", tree);
    assert_int_equal(mu_dir_create(at, &err), MU_OK);
    for (int i = 0; i < 100; i++) { /* more than are held open at once */
        snprintf(at, sizeof at, "%s/a/b/%d", tree, i);
        support_write(at, "x", 1);
    }
    snprintf(at, sizeof at, "%s/.hidden", tree);
    support_write(at, "x", 1);
    assert_int_equal(mu_dir_remove(tree, &err), MU_OK);
    assert_int_equal(count_entries(), 0);
    /* Gone already, or never there: no error. */
    assert_int_equal(mu_dir_remove(tree, &err), MU_OK);
    snprintf(at, sizeof at, "%s/none/such", dir);
    assert_int_equal(mu_dir_remove(at, &err), MU_OK);
    support_expect_ok(&err);
}

/* What links point to is somebody else's. */
static void links_are_removed_not_followed(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char tree[300], other[300], at[600];
    snprintf(tree, sizeof tree, "%s/tree", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    assert_int_equal(mu_dir_create(tree, &err), MU_OK);
    assert_int_equal(mu_dir_create(other, &err), MU_OK);
    snprintf(at, sizeof at, "%s/kept", other);
    support_write(at, "kept", 4);
    char link[600];
    snprintf(link, sizeof link, "%s/directory", tree);
    assert_int_equal(symlink(other, link), 0);
    snprintf(link, sizeof link, "%s/file", tree);
    assert_int_equal(symlink(at, link), 0);
    snprintf(link, sizeof link, "%s/nothing", tree);
    assert_int_equal(symlink("/none/such", link), 0);
    assert_int_equal(mu_dir_remove(tree, &err), MU_OK);
    assert_int_equal(access(tree, F_OK), -1);
    assert_int_equal(access(at, R_OK), 0);
    support_expect_ok(&err);
}

static void what_cannot_be_removed_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_dir_remove("/proc/self/fd", &err), MU_IO);
    support_expect_error(&err, MU_IO, "/proc/self/fd", "cannot remove");
}

/* Each file that is there, and none that is not; the first that cannot be brought to the disk is the error. */
static void settling_brings_files_to_the_disk(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char missing[600];
    snprintf(missing, sizeof missing, "%s.none", path);
    const char *const both[] = {missing, path};
    support_write(path, "x", 1);
    synced = 0;
    assert_int_equal(mu_files_settle(2, both, &err), MU_OK);
    assert_int_equal(synced, 1);
    sync_errno = EIO;
    assert_int_equal(mu_files_settle(2, both, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "Input/output error");
    sync_errno = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_large_a_file_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_unknown_size_is_read_to_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_replacement_leaves_the_old_file_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_published_is_whole_at_every_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_published_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checksums_are_the_published_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(directories_are_made_with_their_parents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_in_the_way_of_a_directory_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hasty_replacement_is_one_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_goes_with_all_that_is_in_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_are_removed_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(settling_brings_files_to_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_removed_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
