/* How many connections each address has. */
#include "http/inner.h"

#include <stdlib.h>
#include <string.h>

static struct peer_count **find(struct http_server *s, const char *peer)
{
    struct peer_count **at = &s->peers[bl_crc32c(peer, strlen(peer)) % PEER_SLOTS];
    while (*at && strcmp((*at)->peer, peer) != 0)
        at = &(*at)->next;
    return at;
}

bool http_peer_enter(struct conn *c)
{
    struct peer_count **at = find(c->server, c->peer);
    if (!*at) {
        *at = bl_xmalloc(sizeof **at);
        **at = (struct peer_count){0};
        memcpy((*at)->peer, c->peer, sizeof c->peer);
    }
    if ((*at)->n >= c->server->limits.per_peer_max)
        return false;
    (*at)->n++;
    c->counted = *at;
    return true;
}

void http_peer_leave(struct conn *c)
{
    if (!c->counted || --c->counted->n > 0)
        return;
    struct peer_count **at = find(c->server, c->peer), *gone = *at;
    *at = gone->next;
    free(gone);
}
