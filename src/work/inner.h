/* What the files of work share among themselves. */
#ifndef BILLOW_WORK_INNER_H
#define BILLOW_WORK_INNER_H

#include "driver/driver.h"
#include "work/work.h"

#include <pthread.h>
#include <stdatomic.h>

struct work_book_held {
    struct work_book face; /* first: what others see */
    struct bl_ctx x;       /* owns the book's memory */
    atomic_int refs;
    struct work_book_held *next;
};
struct work_job {
    work_job_fn *fn;
    void *arg;
    struct work_job *next;
};
struct work_cache;
struct work_token_cache;
struct work_leases;
struct work_worn { /* names of a book that are known to be worn: by SKU, then by meter */
    uint8_t book_id[32];
    uint8_t *flag;
};
struct work_ahead;
struct work_close_run { /* where a close in this process stands; lost with it without harm */
    bl_period period;
    struct work_book *book; /* held */
    struct work_ahead *ahead;
    store_acct *accounts; /* in the order of their uuids; NULL: no close is under way */
    store_acct *turns;    /* the same, as their rows lie */
    uint32_t n, at, head_at;
    bool turned; /* something was closed that was open */
    struct bl_sha256 sha;
    struct bl_buf heads, parked;
};
struct work {
    struct store *store;
    enum work_clock clock;
    atomic_llong high_us; /* the highest now so far */
    int64_t run_base_us, run_mono_us;
    int64_t stored_us, writing_us; /* clock_us in the file; as the open transaction leaves it (writer only) */
    bool born;                     /* kind is in the file */
    int64_t away_us, away_asked_us; /* since when no transaction could be finished, and when one last could
                                       not; on the monotonic clock; 0: none failed */
    pthread_mutex_t book_lock;
    struct work_book_held *current, *books; /* books: all that are held, the current one among them */
    struct work_close_run close;
    struct work_worn worn; /* writer only */
    bool owns;             /* writer only: the API has made resources */
    bl_uuid process;       /* random: this one, among those that work on the database */
    bool role[1];          /* of enum work_role; taken at the start, then the writer's */
    struct work_hands *hands;
    struct driver *driver; /* of volumes; NULL: off */
    struct work_operations *operations;
    struct work_cache *cache;
    struct work_token_cache *tokens;
    struct work_leases *leases;
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_wake;
    struct work_job *queue_first, **queue_last;
    bool writer_runs, writer_stops;
    pthread_t writer;
};

/* books.c */
BL_MUST_CHECK enum bl_err work_books_open(struct bl_ctx *x, struct work *w, struct bl_str current_id);
void work_books_close(struct work *w);
void work_book_id(struct bl_str yaml, struct bl_str logos, uint8_t ret[32]); /* SHA-256 of both */
BL_MUST_CHECK enum bl_err work_book_publish(
        struct bl_ctx *x, struct work *w, struct bl_str id, struct bl_str yaml, struct bl_str logos);

/* The book of this id is the current one from here on. */
BL_MUST_CHECK enum bl_err work_book_follow(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str id);

/* draw.c: the one way from stored facts to a bill, for previews, closes and verify alike */
struct work_draw {
    const struct work_account *a;
    const struct bl_book *book;
    bl_period period;
    int64_t instant_s, issued_s;
    uint64_t k, prev_k; /* facts up to k; corrections and adjustments above prev_k */
    bl_period closed;   /* the last closed period then: corrections reach up to it */
    int64_t invoice_n;
    const struct bl_held *held;
    size_t n_held;
    bool carry; /* may use a carried timeline */
};
struct work_drawn {
    struct bl_bill bill;
    struct bl_lines lines;
    struct bl_lives lives;
    uint64_t k;
};
BL_MUST_CHECK enum bl_err work_draw(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_draw *d, struct work_drawn *ret);
/* Items, overages and taxes of a period as the facts up to k and this book say. */
struct work_charged {
    struct bl_lines lines;
    struct bl_lives lives;
    struct bl_face face;
    struct bl_tax_sum *tax;
    size_t n_tax;
    uint64_t k;
};
BL_MUST_CHECK enum bl_err work_charge(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const struct bl_book *book, bl_period period, int64_t instant_s,
        uint64_t k, bool carry, struct work_charged *ret);
/* Sum of what was billed for a period on invoices before `before`. */
BL_MUST_CHECK enum bl_err work_billed(struct bl_ctx *x, struct store_db *db, const struct work_account *a,
        bl_period period, bl_period before, bl_amount *ret, struct bl_tax_sum **ret_tax, size_t *ret_n);
void work_tax_pack(struct bl_buf *b, const struct bl_tax_sum *t, size_t n);
BL_MUST_CHECK enum bl_err work_tax_unpack(
        struct bl_ctx *x, struct bl_str body, struct bl_tax_sum **ret, size_t *ret_n);
BL_MUST_CHECK enum bl_err work_held_open(struct bl_ctx *x, struct store_db *db, const struct work_account *a,
        struct bl_held **ret, size_t *ret_n);
static inline int64_t work_period_last_s(bl_period p)
{
    return bl_period_start_s(p + 1) - 1;
}

/* own.c: facts made here, and the resources that the API made */
bl_uuid work_uuid_random(void);
/* Inside a transaction: appends a fact whose account and time are set, under source billow:api and the next
 * of the ids, which ascend in the order of commit. BL_INTERNAL when it says nothing new. */
BL_MUST_CHECK enum bl_err work_own_fact(struct bl_ctx *x, struct work *w, store_acct acct, struct bl_fact *f);
/* Inside a transaction: a resource of `kind` ("volume", "snapshot", "app") held by a driver begins, or ends.
 * f: its resource, SKU, quantity, region, name and tags; the rest is put in. */
BL_MUST_CHECK enum bl_err work_own_create(struct bl_ctx *x, struct work *w, const struct work_account *a,
        const char *kind, const char *driver, struct bl_fact *f);
BL_MUST_CHECK enum bl_err work_own_change(
        struct bl_ctx *x, struct work *w, const struct work_account *a, struct bl_fact *f);
BL_MUST_CHECK enum bl_err work_own_delete(
        struct bl_ctx *x, struct work *w, const struct work_account *a, bl_uuid resource);
/* Why this event of somebody else may not be taken in: it names what only the API changes. Absent: it may. */
BL_MUST_CHECK enum bl_err work_own_refuses(
        struct bl_ctx *x, struct work *w, store_acct acct, const struct bl_fact *f, struct bl_str *ret_why);
BL_MUST_CHECK enum bl_err work_own_open(struct bl_ctx *x, struct work *w);

/* operation.c: what a driver is asked, from its beginning to its end */
struct work_operation {
    uint32_t bucket;
    bl_uuid account;
    int64_t n;
    struct driver_ask ask;
    bl_uuid droplet; /* of an attach or detach */
    bool once;       /* put off by the driver: left for later, without patience */
};
int64_t work_operation_id(const struct work *w, uint32_t bucket, int64_t n); /* unique in the installation */
/* Inside a transaction. Gives the operation its number and claims it for the caller, who ends it or lets go
 * of it by work_operation_release: until then nobody else takes it up. */
BL_MUST_CHECK enum bl_err work_operation_put(
        struct bl_ctx *x, struct work *w, const struct work_account *a, struct work_operation *o);
BL_MUST_CHECK enum bl_err work_operation_drop(
        struct bl_ctx *x, struct work *w, const struct work_operation *o);
void work_operation_release(struct work *w, const struct work_operation *o);
/* BL_CONFLICT while something is being done with this volume, or made of this snapshot; one of them is NULL.
 */
BL_MUST_CHECK enum bl_err work_operation_none(struct bl_ctx *x, struct work *w, const struct work_account *a,
        const bl_uuid *volume, const bl_uuid *snapshot);
/* How many volumes are being attached to this droplet, and are not yet. */
BL_MUST_CHECK enum bl_err work_operation_attaching(
        struct bl_ctx *x, struct work *w, const struct work_account *a, bl_uuid droplet, size_t *ret);
/* On a hand. Asks the driver until it is done, has failed, or puts it off for too long (DRIVER_AGAIN). Why it
 * failed goes to standard error. */
enum driver_end work_operation_ask(
        struct bl_ctx *x, struct work *w, const struct work_operation *o, struct driver_told *ret);
/* On a hand. Removes what did not come to be, and forgets it; what cannot be removed now is tried later. */
void work_operation_undo(struct bl_ctx *x, struct work *w, const struct work_operation *o);
/* On a hand. The rest of an operation that was put and claimed: deletes and actions. */
void work_operation_go_on(struct bl_ctx *x, struct work *w, const struct work_operation *o);
void work_operation_submit(struct work *w, const struct work_operation *o); /* the same, on some hand */
/* volume_write.c: an action's end, in a transaction of its own */
BL_MUST_CHECK enum bl_err work_action_end(
        struct bl_ctx *x, struct work *w, const struct work_operation *o, bool done);

/* post.c: chains and writes an entry of the account, inside a transaction; keeps a->row up to date */
BL_MUST_CHECK enum bl_err work_entry_write(
        struct bl_ctx *x, struct work *w, struct work_account *a, struct bl_entry *e, struct bl_str note);

/* close.c: an account's turn, inside a transaction: every open period up to the target */
struct work_turn_period {
    int64_t invoices, credit_notes; /* 0 or 1 */
    bl_amount amount;
};
struct work_turn {
    bl_period first;
    struct work_turn_period *period; /* first, first + 1, ... */
    size_t n;
};
struct work_turn_drawn { /* the turn's first period, not written yet */
    struct work_drawn drawn;
    struct bl_str carry; /* packed; absent: nothing lives on */
};
/* What an invoice billed, by the period it was for: its own, then each it corrects. taxes: packed. */
struct work_billed_row {
    bl_period period;
    bl_amount amount;
    struct bl_str taxes;
};
BL_MUST_CHECK enum bl_err work_billed_rows(
        struct bl_ctx *x, const struct bl_bill *b, struct work_billed_row **ret, size_t *ret_n);
/* Lives as they are carried beyond a period, packed; absent: nothing lived. */
BL_MUST_CHECK enum bl_err work_carry_of(struct bl_ctx *x, const struct bl_book *book,
        const struct bl_lives *lives, bl_period p, struct bl_str *ret);
/* The first of the account's open periods up to one; what owes nothing before is not gone through. */
BL_MUST_CHECK enum bl_err work_first_open(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, bl_period upto, bl_period *ret);
/* Reads only, on any connection; holds while the account's version stays what it was before the call. */
BL_MUST_CHECK enum bl_err work_turn_draw(struct bl_ctx *x, struct work *w, struct store_db *db,
        store_acct acct, const struct bl_book *book, bl_period target, struct work_turn_drawn *ret);
/* drawn: what work_turn_draw gave and still holds; NULL: it is drawn here. */
BL_MUST_CHECK enum bl_err work_close_account(struct bl_ctx *x, struct work *w, store_acct acct,
        const struct bl_book *book, bl_period target, struct work_turn_drawn *drawn, struct work_turn *ret);

/* ahead.c: turns drawn up before the writer comes to them, on threads of their own. The writer takes them one
 * after another, in the order of the row. Book and row must outlast it. */
struct work_ahead_turn {
    struct bl_ctx x; /* owns what was drawn; why, when e is not BL_OK */
    enum bl_err e;
    struct work_turn_drawn drawn;
};
struct work_ahead *work_ahead_begin(struct work *w, const struct bl_book *book, bl_period target,
        const store_acct *row, uint32_t n, uint32_t threads);
void work_ahead_end(struct work_ahead *h); /* NULL is fine */
enum work_ahead_state {
    WORK_AHEAD_WAIT,  /* at until_us it is still being drawn */
    WORK_AHEAD_DRAWN, /* *ret holds until the pass */
    WORK_AHEAD_HERE   /* the caller must draw it: no thread runs, or facts come faster than it can be drawn */
};
enum work_ahead_state work_ahead_take(
        struct work_ahead *h, uint32_t at, int64_t until_us, struct work_ahead_turn **ret);
void work_ahead_pass(struct work_ahead *h, uint32_t at); /* the writer is through with it */
/* A view that is kept over many turns, and begun anew when it may not know all that versions tell of. */
BL_MUST_CHECK enum bl_err work_view_now(struct bl_ctx *x, struct store_db *db, bool *open);
int64_t work_mono_us(void); /* work.c: what until_us is measured on */

/* oauth_grants.c: inside a transaction; drop the cache of tokens when it is over */
BL_MUST_CHECK enum bl_err work_grant_end(struct bl_ctx *x, struct work *w, struct bl_str grant_id);

/* close_run.c */
uint32_t work_threads(uint32_t jobs); /* that draw bills beside the writer; 0: as many as are good here */
struct bl_str work_whole_text(struct bl_ctx *x, __int128 v); /* decimal digits */
void work_close_forget(struct work *w);
BL_MUST_CHECK enum bl_err work_heads_digest(
        struct bl_ctx *x, struct work *w, struct store_db *db, char ret[65]);

/* audit.c: a row's hash, over the hash of the one before it */
struct work_audit_row {
    int64_t n, at_us;
    struct bl_str actor, action, subject, detail;
};
void work_audit_hash(const uint8_t prev[32], const struct work_audit_row *r, uint8_t ret[32]);
/* What audit rows tell of, in words. */
struct bl_str work_account_told(struct bl_ctx *x, const struct q_account_get *a); /* accounts.c */
struct bl_str work_posting_told(
        struct bl_ctx *x, struct bl_str currency, bl_amount amount, struct bl_str ref); /* post.c */

/* cache.c */
void work_cache_open(struct work *w);
void work_cache_close(struct work *w);

/* tokens.c: inside a transaction */
struct work_token_row {
    enum work_dialect dialect;
    const char *prefix; /* NULL: the dialect's */
    const bl_uuid *account, *org;
    struct bl_str scopes, name, grant_id;
    int64_t created_us; /* 0: now */
    int64_t expires_us;
};
BL_MUST_CHECK enum bl_err work_token_write(struct bl_ctx *x, struct work *w, const struct work_token_row *in,
        struct bl_str *ret_token, struct bl_str *ret_id);
/* Drop the cache when the transaction is over. */
BL_MUST_CHECK enum bl_err work_token_end(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str id);
void work_token_cache_open(struct work *w);
void work_token_cache_drop(struct work *w);
void work_token_cache_close(struct work *w);

/* leases.c */
void work_leases_open(struct work *w);
void work_leases_close(struct work *w);

#endif
