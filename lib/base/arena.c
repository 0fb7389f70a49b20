/* Arena memory: a list of chunks, the newest being filled; nothing is freed singly. A call allocates as it
 * goes and the whole is forgotten at once, which is why no function of libbillow has a `free` to forget.
 *
 *     first -> [ 16 KiB ######......] -> [ 32 KiB ###########] -> at [ 64 KiB ##..........]
 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under the address sanitizer what was not given out is out of bounds, and a gap follows each allocation;
 * otherwise an overrun inside a chunk would pass unseen. */
#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#define GAP 16u
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define GAP 0u
#endif

#define ALIGN 16u
#define CHUNK_FIRST ((size_t)16 << 10)
#define CHUNK_LARGEST ((size_t)1 << 20)

struct bl_arena_chunk {
    struct bl_arena_chunk *next;
    size_t size, used;
    _Alignas(ALIGN) unsigned char bytes[];
};

/* Half an invoice is worse than none: without memory the process ends; what was not committed never was. */
_Noreturn static void out_of_memory(size_t wanted)
{
    dprintf(2, "billow: out of memory (%zu bytes wanted); give the process more and start it again\n",
            wanted);
    abort();
}

void *bl_xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (p == NULL)
        out_of_memory(n);
    return p;
}

void *bl_xrealloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (q == NULL)
        out_of_memory(n);
    return q;
}

static struct bl_arena_chunk *chunk_new(size_t size)
{
    struct bl_arena_chunk *c = bl_xmalloc(sizeof *c + size);
    *c = (struct bl_arena_chunk){.size = size};
    ASAN_POISON_MEMORY_REGION(c->bytes, size);
    return c;
}

void bl_arena_init(struct bl_arena *a)
{
    *a = (struct bl_arena){0};
}

static void free_after(struct bl_arena_chunk *c)
{
    struct bl_arena_chunk *next = c->next;
    c->next = NULL;
    while (next != NULL) {
        struct bl_arena_chunk *gone = next;
        next = next->next;
        free(gone);
    }
}

void bl_arena_reset(struct bl_arena *a)
{
    if (a->first != NULL) {
        free_after(a->first);
        a->first->used = 0;
        ASAN_POISON_MEMORY_REGION(a->first->bytes, a->first->size);
    }
    a->at = a->first;
    a->used = 0;
}

void bl_arena_release(struct bl_arena *a)
{
    if (a->first != NULL) {
        free_after(a->first);
        free(a->first);
    }
    *a = (struct bl_arena){0};
}

static struct bl_arena_chunk *room_for(struct bl_arena *a, size_t bytes)
{
    struct bl_arena_chunk *c = a->at;
    if (c != NULL && c->size - c->used >= bytes)
        return c;
    size_t size = c == NULL ? CHUNK_FIRST : c->size < CHUNK_LARGEST / 2 ? c->size * 2 : CHUNK_LARGEST;
    if (size < bytes)
        size = bytes;
    struct bl_arena_chunk *fresh = chunk_new(size);
    if (c == NULL)
        a->first = fresh;
    else
        c->next = fresh;
    return a->at = fresh;
}

void *bl_alloc(struct bl_arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        out_of_memory(bytes);
    size_t rounded = (bytes == 0 ? ALIGN : (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + GAP;
    struct bl_arena_chunk *c = room_for(a, rounded);
    void *p = c->bytes + c->used;
    c->used += rounded;
    a->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    return memset(p, 0, bytes);
}

void *bl_alloc_array(struct bl_arena *a, size_t n, size_t each)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, each, &bytes))
        out_of_memory(SIZE_MAX);
    return bl_alloc(a, bytes);
}

void *bl_grow_(struct bl_arena *a, void *at, size_t *cap, size_t each)
{
    size_t bigger;
    if (__builtin_mul_overflow(*cap, (size_t)2, &bigger))
        out_of_memory(SIZE_MAX);
    if (bigger == 0)
        bigger = 8;
    void *p = bl_alloc_array(a, bigger, each);
    if (*cap > 0)
        memcpy(p, at, *cap * each);
    *cap = bigger;
    return p;
}
