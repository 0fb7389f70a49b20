/* The head, checked before it is parsed: what two servers could read in two ways is refused. Lines end with
 * CR LF and nothing else; names are tokens that touch their colon; a value holds no control characters; there
 * is one Host; a length is plain digits and comes alone.
 *
 * Finding its end goes along as bytes come in, each looked at once, and gives up at the first byte that could
 * not be part of a sound head: who sends rubbish without an end does not hold the connection. */
#include "http/inner.h"

#include <string.h>
#include <strings.h>

#define REQUEST_LINE_MAX (16 + 1 + HTTP_URI_MAX + 11) /* method, blank, target, " HTTP/1.1" and CR LF */

int http_head_scan(struct http_scan *s, const char *p, size_t n, size_t *ret_end)
{
    *ret_end = 0;
    if (n > 0 && (p[0] < 'A' || p[0] > 'Z'))
        return 400;
    size_t all = n;
    if (n > HTTP_HEAD_MAX)
        n = HTTP_HEAD_MAX;
    while (s->at < n) {
        const char *nl = memchr(p + s->at, '\n', n - s->at);
        if (!nl) {
            s->at = n;
            break;
        }
        size_t at = (size_t)(nl - p);
        if (nl == p || nl[-1] != '\r')
            return 400;
        if (s->lines == 0 && at >= REQUEST_LINE_MAX)
            return 414;
        s->at = at + 1;
        if (at - s->line == 1) {
            *ret_end = s->at;
            return 0;
        }
        s->line = s->at;
        if (++s->lines > 1 + HTTP_HEADERS_MAX)
            return 431;
    }
    if (s->lines == 0 && n > REQUEST_LINE_MAX)
        return 414;
    return all >= HTTP_HEAD_MAX ? 431 : 0;
}

bool http_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

struct seen {
    int host, length, encoding;
    uint64_t length_value;
    struct bl_str host_value;
    bool expect;
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
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return 400;
        s->length_value = s->length_value * 10 + (uint64_t)(v.p[i] - '0'); /* 18 digits fit */
    }
    return s->length++ > 0 ? 400 : 0;
}

static int host_check(struct seen *s, struct bl_str v)
{
    if (s->host++ > 0 || v.n == 0)
        return 400;
    for (size_t i = 0; i < v.n; i++) { /* a name, an address in brackets, a port */
        unsigned char ch = (unsigned char)v.p[i];
        if (ch >= 0x7f || (!http_token_char(ch) && (ch == 0 || !strchr(":[]()=;", ch))))
            return 400;
    }
    s->host_value = v;
    return 0;
}

bool http_field_split(struct bl_str line, struct bl_str *ret_name, struct bl_str *ret_value)
{
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    if (!colon || colon == line.p)
        return false;
    *ret_name = (struct bl_str){line.p, (size_t)(colon - line.p)};
    *ret_value = trimmed((struct bl_str){colon + 1, line.n - ret_name->n - 1});
    for (size_t i = 0; i < ret_name->n; i++) /* a blank before the colon and a folded line end here too */
        if (!http_token_char((unsigned char)ret_name->p[i]))
            return false;
    for (size_t i = 0; i < ret_value->n; i++) {
        unsigned char c = (unsigned char)ret_value->p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static int field_check(struct seen *s, struct bl_str line)
{
    struct bl_str name, value;
    if (!http_field_split(line, &name, &value))
        return 400;
    if (name_is(name, "content-length"))
        return length_check(s, value);
    if (name_is(name, "host"))
        return host_check(s, value);
    if (name_is(name, "transfer-encoding")) {
        if (s->encoding++ > 0)
            return 400;
        if (value.n != 7 || strncasecmp(value.p, "chunked", 7) != 0)
            return 400;
    }
    if (name_is(name, "expect")) {
        if (value.n != 12 || strncasecmp(value.p, "100-continue", 12) != 0)
            return 417;
        s->expect = true;
    }
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
    if (version.n != 8 || (memcmp(version.p, "HTTP/1.1", 8) != 0 && memcmp(version.p, "HTTP/1.0", 8) != 0))
        return 400;
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
    bool same = host > 0 && host == s->host_value.n && strncasecmp(rest.p, s->host_value.p, host) == 0;
    return same && host < rest.n && rest.p[host] == '/' ? 0 : 400;
}

int http_head_check(const char *p, size_t n, struct http_head *ret)
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
    if (!bl_is(target) || target_check(&s, target) != 0)
        return 400;
    *ret = (struct http_head){
            .expect = s.expect && !old,
            .old = old,
            .chunked = s.encoding > 0,
            .has_length = s.length > 0,
            .length = s.length_value,
    };
    return 0;
}
