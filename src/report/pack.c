#include "pack.h"

#include <stdint.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"

/* RFC 4648, section 4. `out` has room for 4 * ceil(n / 3) + 1 characters. */
static void encode_base64(const uint8_t *in, size_t n, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const uint32_t b = i + 1 < n ? in[i + 1] : 0, c = i + 2 < n ? in[i + 2] : 0;
        const uint32_t word = (uint32_t)in[i] << 16 | b << 8 | c;
        *out++ = digits[word >> 18];
        *out++ = digits[word >> 12 & 63];
        *out++ = i + 1 < n ? digits[word >> 6 & 63] : '=';
        *out++ = i + 2 < n ? digits[word & 63] : '=';
    }
    *out = '\0';
}

/* The bytes of one number, least significant first, on any host. */
static void put_number(double value, enum mu_pack as, uint8_t *out) {
    uint64_t bits = 0;
    if (as == MU_PACK_F32) {
        const float narrow = (float)value;
        uint32_t half = 0;
        memcpy(&half, &narrow, sizeof half);
        bits = half;
    } else {
        memcpy(&bits, &value, sizeof bits);
    }
    for (size_t i = 0; i < (size_t)as; i++) {
        out[i] = (uint8_t)(bits >> 8 * i);
    }
}

int mu_pack_add(cJSON *object, const char *key, size_t n, const double *value, enum mu_pack as, struct mu_err *err) {
    const size_t bytes = n * (size_t)as;
    int rc = MU_OK;
    char *text = NULL;
    uint8_t *raw = mu_alloc_uninit(bytes + 1, 1, err);
    if (raw == NULL || (text = mu_alloc_uninit((bytes + 2) / 3 * 4 + 2, 1, err)) == NULL) {
        rc = err->code;
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        put_number(value[i], as, raw + i * (size_t)as);
    }
    text[0] = (char)('0' + (int)as);
    encode_base64(raw, bytes, text + 1);
    if (cJSON_AddStringToObject(object, key, text) == NULL) {
        rc = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
done:
    mu_free(text);
    mu_free(raw);
    return rc;
}
