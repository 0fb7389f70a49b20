/* Price books in memory. A book never changes once it is read; readers count themselves in and out, and the
 * last one out of a book that is no longer current frees it. */
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>

static void drop(struct work *w, struct work_book_held *b)
{
    struct work_book_held **at = &w->books;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    bl_ctx_release(&b->x);
    free(b);
}

struct work_book *work_book_take(struct work *w)
{
    pthread_mutex_lock(&w->book_lock);
    struct work_book_held *b = w->current;
    if (b)
        b->refs++;
    pthread_mutex_unlock(&w->book_lock);
    return b ? &b->face : NULL;
}

void work_book_give(struct work *w, struct work_book *face)
{
    if (!face)
        return;
    struct work_book_held *b = (struct work_book_held *)face;
    pthread_mutex_lock(&w->book_lock);
    if (--b->refs == 0)
        drop(w, b);
    pthread_mutex_unlock(&w->book_lock);
}

void work_book_id(struct bl_str yaml, struct bl_str logos, uint8_t ret[32])
{
    struct bl_sha256 h;
    bl_sha256_begin(&h);
    bl_sha256_add(&h, yaml.p, yaml.n);
    bl_sha256_add(&h, logos.p, logos.n);
    bl_sha256_end(&h, ret);
}

static enum bl_err is_itself(struct bl_ctx *x, struct bl_str id, struct bl_str yaml, struct bl_str logos)
{
    uint8_t is[32];
    work_book_id(yaml, logos, is);
    if (id.n == sizeof is && memcmp(id.p, is, sizeof is) == 0)
        return BL_OK;
    return bl_fail(x, BL_INTERNAL,
            "A price book in the store is not the one that was loaded: the database is damaged, restore a "
            "backup.");
}

/* Reads a stored book into memory of its own, with one reference. */
static enum bl_err held_make(struct bl_ctx *x, struct bl_str id, struct bl_str yaml, struct bl_str logos,
        struct work_book_held **ret)
{
    struct work_book_held *b = bl_xmalloc(sizeof *b);
    *b = (struct work_book_held){0};
    bl_ctx_init(&b->x, x->now_us);
    struct bl_str text = bl_str_dup(&b->x.arena, yaml);
    struct bl_book *book = NULL;
    enum bl_err e = is_itself(&b->x, id, yaml, logos);
    if (e == BL_OK)
        e = bl_book_parse(&b->x, BL_STR("price book"), text, &book);
    if (e != BL_OK) {
        e = bl_fail(x, e, "%s", b->x.why);
        bl_ctx_release(&b->x);
        free(b);
        return e;
    }
    memcpy(book->id, id.p, sizeof book->id);
    struct bl_rd r = bl_rd_of(bl_str_dup(&b->x.arena, logos));
    for (size_t i = 0; i < book->n_seller && r.p < r.end; i++)
        book->seller[i].logo = bl_get_str(&r);
    b->face.book = book;
    b->refs = 1;
    *ret = b;
    return BL_OK;
}

static void publish(struct work *w, struct work_book_held *b)
{
    pthread_mutex_lock(&w->book_lock);
    struct work_book_held *old = w->current;
    b->next = w->books;
    w->books = b;
    w->current = b;
    if (old && --old->refs == 0)
        drop(w, old);
    pthread_mutex_unlock(&w->book_lock);
}

enum bl_err work_book_publish(
        struct bl_ctx *x, struct work *w, struct bl_str id, struct bl_str yaml, struct bl_str logos)
{
    struct work_book_held *b = NULL;
    BL_TRY(held_make(x, id, yaml, logos, &b));
    publish(w, b);
    return BL_OK;
}

enum bl_err work_book_by_id(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str id, struct work_book **ret)
{
    pthread_mutex_lock(&w->book_lock);
    for (struct work_book_held *b = w->books; b; b = b->next)
        if (id.n == 32 && memcmp(b->face.book->id, id.p, 32) == 0) {
            b->refs++;
            pthread_mutex_unlock(&w->book_lock);
            *ret = &b->face;
            return BL_OK;
        }
    pthread_mutex_unlock(&w->book_lock);
    struct q_book_get row;
    bool found = false;
    BL_TRY(q_book_get(x, db, id, &row, &found));
    if (!found)
        return bl_fail(x, BL_INTERNAL, "A price book that an invoice names is missing from the store.");
    struct work_book_held *b = NULL;
    BL_TRY(held_make(x, id, row.body, row.logos, &b));
    pthread_mutex_lock(&w->book_lock);
    b->next = w->books;
    w->books = b;
    pthread_mutex_unlock(&w->book_lock);
    *ret = &b->face;
    return BL_OK;
}

enum bl_err work_books_open(struct bl_ctx *x, struct work *w, struct bl_str current_id)
{
    if (current_id.n != 32)
        return BL_OK;
    struct work_book *b = NULL;
    BL_TRY(work_book_by_id(x, w, store_writer(w->store), current_id, &b));
    w->current = (struct work_book_held *)b;
    return BL_OK;
}

enum bl_err work_book_follow(struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str id)
{
    struct work_book *b = NULL;
    if (id.n != 32 || (w->current && memcmp(w->current->face.book->id, id.p, 32) == 0))
        return BL_OK;
    BL_TRY(work_book_by_id(x, w, db, id, &b));
    pthread_mutex_lock(&w->book_lock);
    struct work_book_held *old = w->current;
    w->current = (struct work_book_held *)b;
    if (old && --old->refs == 0)
        drop(w, old);
    pthread_mutex_unlock(&w->book_lock);
    return BL_OK;
}

void work_books_close(struct work *w)
{
    while (w->books)
        drop(w, w->books);
    w->current = NULL;
}
