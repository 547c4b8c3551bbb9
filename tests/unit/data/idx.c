/* IDX: every way to name the files, and every way they can be wrong, with the byte. */
#include "unit/data/files.h"

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

/* Three images of 2 x 2 pixels, and their labels. */
static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0,  2,  0,   0,
                                       0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 80, 90, 100, 255};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};

static void check_rows(const struct mu_rows *rows, size_t classes) {
    static const int32_t expected[] = {2, 0, 1};
    assert_int_equal(rows->n, 3);
    assert_int_equal(rows->width, 4);
    assert_memory_equal(rows->x, images + 16, 12);
    assert_memory_equal(rows->label, expected, sizeof expected);
    assert_int_equal(classes, 3);
}

static void explicit_files_load_plain_and_packed(void **state) {
    (void)state;
    static const char *const names[][2] = {{"i", "l"}, {"i.gz", "l.gz"}, {"i", "l.gz"}};
    for (size_t k = 0; k < 3; k++) {
        struct opened opened;
        const char *const i = put_file(dir, names[k][0], images, sizeof images);
        const char *const l = put_file(dir, names[k][1], labels, sizeof labels);
        const struct mu_data *data =
            open_data(&opened, 1, "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s', 'clients': 1}", i, l);
        struct mu_rows rows = client_rows(data, 0);
        check_rows(&rows, mu_data_task(data)->classes);
        assert_int_equal(mu_data_test(data)->n, 0);
        close_data(&opened);
        data = open_data(&opened, 1,
                         "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s', 'test_images': '%s', "
                         "'test_labels': '%s', 'clients': 1}",
                         i, l, i, l);
        check_rows(mu_data_test(data), mu_data_task(data)->classes);
        close_data(&opened);
    }
}

static const char *fresh_dir(const char *name) {
    const char *const path = join(dir, name);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

/* MNIST's names, with either separator, and EMNIST's with a prefix. */
static void a_directory_is_searched_by_the_usual_names(void **state) {
    (void)state;
    static const char *const sets[][4] = {
        {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
         "t10k-labels-idx1-ubyte.gz"},
        {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"},
        {"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
         "emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"},
    };
    for (size_t k = 0; k < 3; k++) {
        char name[16];
        snprintf(name, sizeof name, "set%zu", k);
        char set[512];
        snprintf(set, sizeof set, "%s", fresh_dir(name));
        for (size_t f = 0; f < 4; f++) {
            put_file(set, sets[k][f], f % 2 == 0 ? images : labels, f % 2 == 0 ? sizeof images : sizeof labels);
        }
        put_text(set, "train-images-idx3-ubyte.bak", "not an image");
        struct opened opened;
        const struct mu_data *const data = open_data(&opened, 1, "{'source': 'idx', 'path': '%s', 'clients': 1}", set);
        const struct mu_rows rows = client_rows(data, 0);
        check_rows(&rows, mu_data_task(data)->classes);
        check_rows(mu_data_test(data), mu_data_task(data)->classes);
        close_data(&opened);
    }
}

static void a_plain_file_wins_over_its_packed_copy_and_two_sets_are_ambiguous(void **state) {
    (void)state;
    char set[512];
    snprintf(set, sizeof set, "%s", fresh_dir("mixed"));
    put_file(set, "train-images-idx3-ubyte", images, sizeof images);
    put_text(set, "train-images-idx3-ubyte.gz", "not to be read");
    put_file(set, "train-labels-idx1-ubyte.gz", labels, sizeof labels);
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1, "{'source': 'idx', 'path': '%s', 'clients': 1}", set);
    const struct mu_rows rows = client_rows(data, 0);
    check_rows(&rows, mu_data_task(data)->classes);
    close_data(&opened);
    put_file(set, "emnist-mnist-train-images-idx3-ubyte", images, sizeof images);
    expect_bad_data(set, "both emnist-mnist-train-images-idx3-ubyte and train-images-idx3-ubyte",
                    "{'source': 'idx', 'path': '%s'}", set);
}

static void what_is_missing_is_named(void **state) {
    (void)state;
    char set[512];
    snprintf(set, sizeof set, "%s", fresh_dir("partial"));
    expect_bad_data(set, "no file like train-images-idx3-ubyte", "{'source': 'idx', 'path': '%s'}", set);
    put_file(set, "train-images-idx3-ubyte", images, sizeof images);
    expect_bad_data(set, "no file like train-labels-idx1-ubyte", "{'source': 'idx', 'path': '%s'}", set);
    put_file(set, "train-labels-idx1-ubyte", labels, sizeof labels);
    put_file(set, "t10k-labels-idx1-ubyte", labels, sizeof labels);
    expect_bad_data(set, "no file like t10k-images-idx3-ubyte", "{'source': 'idx', 'path': '%s'}", set);
    expect_bad_data("/nowhere", "No such file", "{'source': 'idx', 'path': '/nowhere'}");
    expect_bad_data("test.json: /data", "idx needs path, or train_images and train_labels", "{'source': 'idx'}");
    expect_bad_data("test.json: /data", "test_images and test_labels go together",
                    "{'source': 'idx', 'train_images': 'a', 'train_labels': 'b', 'test_labels': 'c'}");
}

/* Loads copies of the two files with one byte changed (at < 0: none) or cut to n bytes (0: whole). */
static void expect_damage(bool in_images, int at, unsigned char value, size_t n, const char *place, const char *text) {
    unsigned char i[sizeof images + 1], l[sizeof labels + 1];
    memcpy(i, images, sizeof images);
    memcpy(l, labels, sizeof labels);
    i[sizeof images] = l[sizeof labels] = 0;
    if (at >= 0) {
        (in_images ? i : l)[at] = value;
    }
    static const char *const suffix[] = {"", ".gz"};
    for (size_t k = 0; k < 2; k++) {
        char image_name[16], label_name[16];
        snprintf(image_name, sizeof image_name, "bad-i%s", suffix[k]);
        snprintf(label_name, sizeof label_name, "bad-l%s", suffix[k]);
        const char *const ip = put_file(dir, image_name, i, in_images && n > 0 ? n : sizeof images);
        const char *const lp = put_file(dir, label_name, l, !in_images && n > 0 ? n : sizeof labels);
        char expected[64];
        snprintf(expected, sizeof expected, "bad-%c%s: %s", in_images ? 'i' : 'l', suffix[k], place);
        expect_bad_data(expected, text, "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s', 'clients': 1}",
                        ip, lp);
    }
}

static void damage_is_reported_with_file_and_byte(void **state) {
    (void)state;
    expect_damage(true, 3, 1, 0, "byte 0", "magic number 0x00000801 is not that of IDX images");
    expect_damage(true, 0, 9, 0, "byte 0", "magic number 0x09000803");
    expect_damage(true, 2, 13, 0, "byte 0", "magic number 0x00000d03");
    expect_damage(false, 3, 3, 0, "byte 0", "magic number 0x00000803 is not that of IDX labels");
    expect_damage(true, -1, 0, 3, "byte 3", "ends inside the magic number");
    expect_damage(true, -1, 0, 14, "byte 14", "ends inside the sizes");
    expect_damage(true, -1, 0, sizeof images + 1, "byte 28", "bytes follow");
    expect_damage(false, -1, 0, sizeof labels + 1, "byte 11", "bytes follow");
    expect_damage(false, 7, 2, 10, "byte 4", "2 labels for the 3 images of");
    expect_damage(true, 7, 0, 0, "byte 4", "axis 0 has length 0");
    expect_damage(true, 11, 0, 0, "byte 8", "axis 1 has length 0");
    expect_damage(true, 4, 0xff, 0, "byte 16", "cannot hold them");
}

/* Cut files: a plain one cannot hold what its header says; a packed one of the same size could. */
static void cut_files_are_reported(void **state) {
    (void)state;
    const char *const l = put_file(dir, "cut-l", labels, sizeof labels);
    const char *const plain = put_file(dir, "cut-i", images, sizeof images - 1);
    expect_bad_data("cut-i: byte 16", "should take 12 bytes, but the file of 27 bytes cannot hold them",
                    "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s', 'clients': 1}", plain, l);
    const char *const packed = put_file(dir, "cut-i.gz", images, sizeof images - 1);
    expect_bad_data("cut-i.gz: byte 27 (unpacked)", "ends inside the images (12 bytes from byte 16)",
                    "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s', 'clients': 1}", packed, l);
}

static void sizes_that_overflow_are_reported(void **state) {
    (void)state;
    unsigned char huge[20] = {0, 0, 8, 4};
    memset(huge + 4, 0xff, 16);
    const char *const i = put_file(dir, "huge", huge, sizeof huge);
    expect_bad_data("huge: byte 16", "the sizes overflow",
                    "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s'}", i, i);
    huge[3] = 3;
    const char *const j = put_file(dir, "huge3", huge, 16);
    expect_bad_data("huge3: byte 4", "the sizes overflow",
                    "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s'}", j, j);
}

static void test_images_of_another_size_are_reported(void **state) {
    (void)state;
    unsigned char other[sizeof images - 6];
    memcpy(other, images, sizeof other);
    other[15] = 1;
    const char *const i = put_file(dir, "size-i", images, sizeof images);
    const char *const l = put_file(dir, "size-l", labels, sizeof labels);
    const char *const t = put_file(dir, "size-t", other, sizeof other);
    expect_bad_data("size-t: byte 8", "images of 2 pixels, but those to train on have 4",
                    "{'source': 'idx', 'train_images': '%s', 'train_labels': '%s', 'test_images': '%s', "
                    "'test_labels': '%s'}",
                    i, l, t, l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explicit_files_load_plain_and_packed),
        cmocka_unit_test(a_directory_is_searched_by_the_usual_names),
        cmocka_unit_test(a_plain_file_wins_over_its_packed_copy_and_two_sets_are_ambiguous),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(damage_is_reported_with_file_and_byte),
        cmocka_unit_test(cut_files_are_reported),
        cmocka_unit_test(sizes_that_overflow_are_reported),
        cmocka_unit_test(test_images_of_another_size_are_reported),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
