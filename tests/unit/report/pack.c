#include "support.h"

#include <cJSON.h>
#include <math.h>

#include "pack.h"

static void expect_packed(size_t n, const double *value, enum mu_pack as, const char *expected) {
    struct mu_err err = {0};
    cJSON *object = cJSON_CreateObject();
    assert_int_equal(mu_pack_add(object, "x", n, value, as, &err), MU_OK);
    assert_string_equal(cJSON_GetObjectItem(object, "x")->valuestring, expected);
    cJSON_Delete(object);
}

/* Expected texts by Python: "4" + base64.b64encode(struct.pack("<2f", 1, -2.5)).decode() and so on. All three lengths
 * of the last group occur: 4, 8 and 12 bytes are 1, 2 and 0 beyond a multiple of three. */
static void floats_are_little_endian_base64(void **state) {
    (void)state;
    const double value[] = {1, -2.5, 1e10};
    expect_packed(0, value, MU_PACK_F32, "4");
    expect_packed(1, value, MU_PACK_F32, "4AACAPw==");
    expect_packed(2, value, MU_PACK_F32, "4AACAPwAAIMA=");
    expect_packed(3, value, MU_PACK_F32, "4AACAPwAAIMD5AhVQ");
}

static void doubles_keep_all_their_digits(void **state) {
    (void)state;
    const double value[] = {0.1, 123456789.123};
    expect_packed(2, value, MU_PACK_F64, "8mpmZmZmZuT+2831UNG+dQQ==");
}

static void what_is_not_known_is_nan(void **state) {
    (void)state;
    const double value[] = {(double)NAN};
    expect_packed(1, value, MU_PACK_F32, "4AADAfw==");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_little_endian_base64),
        cmocka_unit_test(doubles_keep_all_their_digits),
        cmocka_unit_test(what_is_not_known_is_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
