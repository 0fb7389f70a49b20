/* A body that begins with the gzip magic is inflated, up to the same limit as a plain one. */
#include "http/inner.h"

#include <zlib.h>

bool http_is_gzip(struct bl_str b)
{
    return b.n > 2 && (unsigned char)b.p[0] == 0x1f && (unsigned char)b.p[1] == 0x8b && b.p[2] == 8;
}

int http_inflate(struct bl_str body, size_t max, struct bl_buf *ret)
{
    z_stream z = {0};
    int status = 0, rc = Z_OK;
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return 400;
    z.next_in = (Bytef *)(uintptr_t)body.p;
    z.avail_in = (uInt)body.n;
    while (status == 0) {
        bl_buf_reserve(ret, 65536);
        z.next_out = (Bytef *)ret->p + ret->n;
        z.avail_out = 65536;
        rc = inflate(&z, Z_NO_FLUSH);
        ret->n += 65536 - z.avail_out;
        if (ret->n > max)
            status = 413;
        else if (rc == Z_STREAM_END && z.avail_in == 0)
            break;
        else if (rc == Z_STREAM_END) /* several members behind one another are one body */
            status = inflateReset(&z) == Z_OK ? 0 : 400;
        else if (rc != Z_OK || (z.avail_in == 0 && z.avail_out > 0))
            status = 400;
    }
    inflateEnd(&z);
    return status;
}
