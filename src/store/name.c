/* What a database is called. */
#include "store/store.h"

#include <string.h>

bool store_is_url(const char *db)
{
    return strncmp(db, "postgresql://", 13) == 0 || strncmp(db, "postgres://", 11) == 0;
}

/* From `from` to before `end` stands a secret, perhaps. */
static void hide(char *from, const char *end)
{
    size_t rest = strlen(end);
    memmove(from, end, rest + 1);
}

struct bl_str store_shown(struct bl_arena *a, const char *db)
{
    char *s = (char *)(uintptr_t)bl_str_dup(a, bl_str_of(db)).p;
    if (!store_is_url(db))
        return bl_str_of(s);
    char *host = strstr(s, "://") + 3, *end = host + strcspn(host, "/?");
    char *at = memchr(host, '@', (size_t)(end - host)), *colon = memchr(host, ':', (size_t)(end - host));
    for (char *more = at; more; more = memchr(more + 1, '@', (size_t)(end - more - 1)))
        at = more; /* the last one ends the password */
    if (at && colon && colon < at)
        hide(colon, at);
    char *query = strchr(host, '?');
    for (char *p = query ? query + 1 : NULL; p;) {
        char *next = p + strcspn(p, "&");
        bool secret = strncmp(p, "password=", 9) == 0 || strncmp(p, "sslpassword=", 12) == 0;
        if (secret) {
            char *value = strchr(p, '=') + 1;
            hide(value, next);
            next = value;
        }
        p = *next ? next + 1 : NULL;
    }
    return bl_str_of(s);
}
