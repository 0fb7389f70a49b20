/* The head, checked before it is parsed: what two servers could read in two ways is refused. Lines end with
 * CR LF and nothing else; names are tokens that touch their colon; a value holds no control characters; there
 * is one Host; a length is plain digits and comes alone. */
#include "http/inner.h"

#include <string.h>
#include <strings.h>

static bool token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

struct seen {
    int host, length, encoding;
    struct bl_str length_value, host_value;
    bool expect, chunked;
};

static bool name_is(struct bl_str name, const char *z)
{
    return name.n == strlen(z) && strncasecmp(name.p, z, name.n) == 0;
}

static struct bl_str trimmed(struct bl_str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static int length_check(struct seen *s, struct bl_str v)
{
    if (v.n == 0 || v.n > 18)
        return 400;
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < '0' || v.p[i] > '9')
            return 400;
    if (s->length++ > 0)
        return 400;
    s->length_value = v;
    return 0;
}

static int host_check(struct seen *s, struct bl_str v)
{
    if (s->host++ > 0)
        return 400;
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] <= ' ' || v.p[i] == ',' || v.p[i] == '/' || v.p[i] == '@' ||
                v.p[i] == '?' || v.p[i] == '#')
            return 400;
    s->host_value = v;
    return 0;
}

static int field_check(struct seen *s, struct bl_str line)
{
    const char *colon = memchr(line.p, ':', line.n);
    if (!colon || colon == line.p)
        return 400;
    struct bl_str name = {line.p, (size_t)(colon - line.p)};
    struct bl_str value = trimmed((struct bl_str){colon + 1, line.n - name.n - 1});
    for (size_t i = 0; i < name.n; i++)
        if (!token_char(
                    (unsigned char)name.p[i])) /* a blank before the colon and a folded line end here too */
            return 400;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return 400;
    }
    if (name_is(name, "content-length"))
        return length_check(s, value);
    if (name_is(name, "host"))
        return host_check(s, value);
    if (name_is(name, "transfer-encoding")) {
        if (s->encoding++ > 0)
            return 400;
        if (value.n != 7 || strncasecmp(value.p, "chunked", 7) != 0)
            return 501;
        s->chunked = true;
    }
    if (name_is(name, "expect")) {
        if (value.n != 12 || strncasecmp(value.p, "100-continue", 12) != 0)
            return 417;
        s->expect = true;
    }
    if (name_is(name, "upgrade") && value.n == 0)
        return 400;
    return 0;
}

/* METHOD SP target SP HTTP/1.x */
static int request_line_check(struct bl_str line, bool *ret_old, struct bl_str *ret_target)
{
    const char *sp = memchr(line.p, ' ', line.n);
    if (!sp || sp == line.p || sp - line.p > 16)
        return 400;
    for (const char *p = line.p; p < sp; p++)
        if (*p < 'A' || *p > 'Z')
            return 400;
    struct bl_str rest = {sp + 1, line.n - (size_t)(sp + 1 - line.p)};
    const char *end = memchr(rest.p, ' ', rest.n);
    size_t target = end ? (size_t)(end - rest.p) : rest.n;
    if (target > HTTP_URI_MAX)
        return 414;
    if (!end)
        return 400; /* HTTP/0.9 */
    for (size_t i = 0; i < target; i++)
        if ((unsigned char)rest.p[i] <= ' ' || (unsigned char)rest.p[i] >= 0x7f || rest.p[i] == '#')
            return 400;
    struct bl_str version = {end + 1, rest.n - target - 1};
    if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || version.p[6] != '.')
        return 400;
    if (memcmp(version.p, "HTTP/1.1", 8) != 0 && memcmp(version.p, "HTTP/1.0", 8) != 0)
        return version.p[5] >= '0' && version.p[5] <= '9' && version.p[7] >= '0' && version.p[7] <= '9' ? 505
                                                                                                        : 400;
    *ret_old = version.p[7] == '0';
    *ret_target = (struct bl_str){rest.p, target};
    return target > 0 ? 0 : 400;
}

/* The target is a path, or the absolute form of one whose host is that of the Host field. */
static int target_check(const struct seen *s, struct bl_str t)
{
    if (t.p[0] == '/')
        return 0;
    struct bl_str rest = t;
    if (rest.n > 7 && strncasecmp(rest.p, "http://", 7) == 0)
        rest = (struct bl_str){t.p + 7, t.n - 7};
    else if (rest.n > 8 && strncasecmp(rest.p, "https://", 8) == 0)
        rest = (struct bl_str){t.p + 8, t.n - 8};
    else
        return 400;
    size_t host = 0;
    while (host < rest.n && rest.p[host] != '/' && rest.p[host] != '?')
        host++;
    bool same = host == s->host_value.n && strncasecmp(rest.p, s->host_value.p, host) == 0;
    return same && host < rest.n && rest.p[host] == '/' ? 0 : 400;
}

int http_head_check(const char *p, size_t n, bool *ret_expect)
{
    struct seen s = {0};
    struct bl_str target = BL_ABSENT;
    bool old = false;
    size_t fields = 0;
    int bad = 0;
    for (size_t at = 0, line_no = 0; at < n; line_no++) {
        const char *nl = memchr(p + at, '\n', n - at);
        if (!nl || nl == p + at || nl[-1] != '\r')
            return 400;
        struct bl_str line = {p + at, (size_t)(nl - 1 - (p + at))};
        if (memchr(line.p, '\r', line.n) || memchr(line.p, 0, line.n))
            return 400;
        at = (size_t)(nl + 1 - p);
        if (line.n == 0)
            break;
        if (line_no == 0) {
            bad = request_line_check(line, &old, &target);
        } else {
            bad = field_check(&s, line);
            if (++fields > HTTP_HEADERS_MAX)
                bad = 431;
        }
        if (bad)
            return bad;
    }
    if (!old && s.host != 1)
        return 400;
    if (s.length && s.encoding)
        return 400;
    if (old && s.encoding)
        return 400;
    *ret_expect = s.expect && !old;
    return bl_is(target) ? target_check(&s, target) : 400;
}
