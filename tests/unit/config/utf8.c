/* mu_utf8_valid against a decoder written from the definition: every 1- to 4-byte sequence that matters. */
#include "utf8.h"
#include "harness.h"

/* Encodes by the definition, without looking at what is allowed. */
static size_t encode(unsigned char *out, uint32_t c, size_t bytes) {
    static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = bytes; i-- > 1; c >>= 6) {
        out[i] = (unsigned char)(0x80 | (c & 0x3F));
    }
    out[0] = (unsigned char)(lead[bytes] | c);
    return bytes;
}

static size_t shortest(uint32_t c) {
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static void exactly_the_shortest_forms_of_characters_are_valid(void **state) {
    (void)state;
    unsigned char s[5] = {0};
    for (uint32_t c = 0; c < 0x200000; c++) {
        for (size_t bytes = shortest(c); bytes <= 4; bytes++) {
            encode(s, c, bytes);
            const int good = bytes == shortest(c) && !(c >= 0xD800 && c <= 0xDFFF) && c <= 0x10FFFF;
            if (mu_utf8_valid((const char *)s, bytes) != (good ? bytes : 0)) {
                fail_msg("U+%04X in %zu bytes", c, bytes);
            }
        }
    }
}

static void stray_bytes_end_the_valid_prefix(void **state) {
    (void)state;
    assert_int_equal(mu_utf8_valid("abc\x80", 4), 3);
    assert_int_equal(mu_utf8_valid("\xF8\x88\x80\x80\x80", 5), 0);
    assert_int_equal(mu_utf8_valid("\xFE", 1), 0);
    assert_int_equal(mu_utf8_valid("a\xC3", 2), 1);
    assert_int_equal(mu_utf8_valid("a\xE2\x82", 3), 1);
    assert_int_equal(mu_utf8_valid("\xE2\x28\xA1", 3), 0);
    assert_int_equal(mu_utf8_valid("", 0), 0);
    assert_int_equal(mu_utf8_valid("a\0b", 3), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_shortest_forms_of_characters_are_valid),
        cmocka_unit_test(stray_bytes_end_the_valid_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
