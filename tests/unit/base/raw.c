#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "raw.h"

static char dir[256];
static char path[512];

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

static void expect_content(const char *expected) {
    struct mu_err err = {.code = MU_OK};
    char text[64] = "";
    size_t size = 0;
    const int fd = mu_raw_open(path, &size, &err);
    support_expect_ok(&err);
    assert_int_equal(mu_raw_read(fd, text, sizeof text - 1), strlen(expected));
    assert_int_equal(size, strlen(expected));
    assert_string_equal(text, expected);
    close(fd);
}

static void a_commit_replaces_the_file_and_a_discard_does_not(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_temp temp;
    support_write(path, "old", 3);
    assert_int_equal(mu_temp_open(&temp, path, &err), MU_OK);
    assert_int_equal(mu_temp_write(&temp, "brand", 5, &err), MU_OK);
    assert_int_equal(mu_temp_write(&temp, " new", 4, &err), MU_OK);
    expect_content("old");
    assert_int_equal(access(temp.name, F_OK), 0);
    assert_int_equal(mu_temp_commit(&temp, &err), MU_OK);
    expect_content("brand new");

    assert_int_equal(mu_temp_open(&temp, path, &err), MU_OK);
    char name[sizeof temp.name];
    memcpy(name, temp.name, sizeof name);
    assert_int_equal(mu_temp_write(&temp, "other", 5, &err), MU_OK);
    mu_temp_discard(&temp);
    mu_temp_discard(&temp);
    assert_int_equal(access(name, F_OK), -1);
    expect_content("brand new");
}

/* A killed process leaves its temporary file, and another may get its process id. */
static void leftovers_are_not_in_the_way(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_temp first;
    struct mu_temp second;
    assert_int_equal(mu_temp_open(&first, path, &err), MU_OK);
    assert_int_equal(mu_temp_open(&second, path, &err), MU_OK);
    assert_string_not_equal(first.name, second.name);
    mu_temp_write(&second, "x", 1, &err);
    assert_int_equal(mu_temp_commit(&second, &err), MU_OK);
    mu_temp_discard(&first);
    expect_content("x");
}

static void a_reopened_file_is_the_one_of_that_name(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_temp temp;
    char beside[600];
    snprintf(beside, sizeof beside, "%s/beside", dir);
    assert_int_equal(mu_temp_open(&temp, path, &err), MU_OK);
    support_write(beside, "library's", 9);
    assert_int_equal(rename(beside, temp.name), 0);
    assert_int_equal(mu_temp_reopen(&temp, &err), MU_OK);
    assert_int_equal(mu_temp_commit(&temp, &err), MU_OK);
    expect_content("library's");
}

static void the_file_has_the_usual_permissions(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_temp temp;
    struct stat info;
    const mode_t mask = umask(027);
    assert_int_equal(mu_temp_open(&temp, path, &err), MU_OK);
    assert_int_equal(mu_temp_commit(&temp, &err), MU_OK);
    umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

/* A limit on the size of files stands in for a full disk. */
static void a_failed_write_is_reported(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_temp temp;
    struct rlimit before;
    char block[1024] = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
    assert_int_equal(mu_temp_open(&temp, path, &err), MU_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const int rc = mu_temp_write(&temp, block, sizeof block, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, MU_IO);
    support_expect_error(&err, MU_IO, path, "cannot write: File too large");
    mu_temp_discard(&temp);
}

static void an_impossible_destination_is_reported(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_temp temp;
    char name[5000];
    snprintf(name, sizeof name, "%s/missing/file", dir);
    assert_int_equal(mu_temp_open(&temp, name, &err), MU_IO);
    support_expect_error(&err, MU_IO, name, "cannot create: No such file");
    mu_temp_discard(&temp);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(mu_temp_open(&temp, name, &err), MU_IO);
    support_expect_error(&err, MU_IO, "xxx", "too long");
    /* A directory of that name: found out only by the rename. */
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(mu_temp_open(&temp, path, &err), MU_OK);
    snprintf(name, sizeof name, "%s", temp.name);
    assert_int_equal(mu_temp_commit(&temp, &err), MU_IO);
    support_expect_error(&err, MU_IO, path, "Is a directory");
    assert_int_equal(access(name, F_OK), -1);
}

static void only_regular_files_are_opened(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    size_t size = 0;
    assert_int_equal(mu_raw_open(path, &size, &err), -1);
    support_expect_error(&err, MU_IO, path, "cannot open: No such file");
    assert_int_equal(mu_raw_open(dir, &size, &err), -1);
    support_expect_error(&err, MU_IO, dir, "is a directory");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mu_raw_open(path, &size, &err), -1); /* and does not wait for a writer */
    support_expect_error(&err, MU_IO, path, "is not a regular file");
    assert_int_equal(mu_raw_open("/dev/null", &size, &err), -1);
    support_expect_error(&err, MU_IO, "/dev/null", "is not a regular file");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_replaces_the_file_and_a_discard_does_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leftovers_are_not_in_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reopened_file_is_the_one_of_that_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_file_has_the_usual_permissions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_write_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_impossible_destination_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_regular_files_are_opened, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
