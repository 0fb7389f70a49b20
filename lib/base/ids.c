/* Identities as text: UUIDs, the URNs that wrap them, and bytes as hex. */
#include "base/base.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool bl_uuid_parse(struct bl_str s, bl_uuid *ret)
{
    if (!bl_is(s) || s.n != 36)
        return false;
    bl_uuid u;
    size_t n = 0;
    for (size_t i = 0; i < 36;) {
        if (dash_at(i)) {
            if (s.p[i++] != '-')
                return false;
            continue;
        }
        int high = hex_value(s.p[i]), low = hex_value(s.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        u.b[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *ret = u;
    return true;
}

void bl_uuid_text(bl_uuid u, char ret[37])
{
    size_t i = 0;
    for (size_t n = 0; n < 16; n++) {
        if (dash_at(i))
            ret[i++] = '-';
        ret[i++] = hex_digits[u.b[n] >> 4];
        ret[i++] = hex_digits[u.b[n] & 15];
    }
    ret[i] = '\0';
}

int bl_uuid_cmp(bl_uuid a, bl_uuid b)
{
    int c = memcmp(a.b, b.b, sizeof a.b);
    return (c > 0) - (c < 0);
}

bool bl_urn_parse(struct bl_str s, const char *prefix, bl_uuid *ret)
{
    size_t n = strlen(prefix);
    if (!bl_is(s) || s.n <= n || memcmp(s.p, prefix, n) != 0)
        return false;
    return bl_uuid_parse((struct bl_str){s.p + n, s.n - n}, ret);
}

void bl_hex(const void *p, size_t n, char *ret)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        *ret++ = hex_digits[b[i] >> 4];
        *ret++ = hex_digits[b[i] & 15];
    }
    *ret = '\0';
}
