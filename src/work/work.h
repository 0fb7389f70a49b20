/* work: the verbs of the program: load, call the library, write, once. Nothing here computes money; nothing
 * here knows HTTP or the command line.
 *
 * `struct work` is the process: its store, its clock, the current price book. Verbs that write are called on
 * the writer thread (work_writer_*), or by whoever is alone with the store (a command without a server). They
 * open and end their own transaction. Verbs that read take a reading connection. */
#ifndef BILLOW_WORK_H
#define BILLOW_WORK_H

#include "bill/bill.h"
#include "insight/insight.h"
#include "civo/civo.h"
#include "ledger/ledger.h"
#include "store/store.h"

struct work;

/* ---- the process */
enum work_clock { WORK_CLOCK_REAL, WORK_CLOCK_STANDS, WORK_CLOCK_RUNS };
struct work_options {
    struct bl_str path;
    bool create, read_only;
    enum work_clock clock;
    int64_t now_us;  /* of a test clock */
    bool identities; /* many events will come: have what is known of them at hand from the start */
};
BL_MUST_CHECK enum bl_err work_open(struct bl_ctx *x, const struct work_options *o, struct work **ret);
void work_close(struct work *w);
struct store *work_store(struct work *w);
int64_t work_now(struct work *w); /* never goes back, over restarts neither */
bool work_is_test(struct work *w);
/* Moves a standing or running test clock forward; an earlier time changes nothing. BL_CONFLICT on a real
 * database. */
BL_MUST_CHECK enum bl_err work_clock_move(struct bl_ctx *x, struct work *w, int64_t now_us);

/* On PostgreSQL other processes write too. What they wrote until now is known afterwards, and x->now_us is
 * the time now: call it where a request begins that does not begin with a view or a transaction. */
BL_MUST_CHECK enum bl_err work_fresh(struct bl_ctx *x, struct work *w, struct store_db *db);

/* Writes the clock down, for processes that take theirs from the database. birth: also when it has no kind
 * yet, which it has afterwards. */
BL_MUST_CHECK enum bl_err work_stamp(struct bl_ctx *x, struct work *w, bool birth);

/* On PostgreSQL what failed with BL_UNAVAILABLE did not happen, and may be done again from its beginning:
 *
 *     struct work_again again = {.limit_us = 5 * BL_US};
 *     do
 *         e = ...;
 *     while (e == BL_UNAVAILABLE && work_again(w, &again));
 *
 * Waits before it says so, each time longer; at most 8 times, and not beyond limit_us since the database was
 * there last. On the writer thread, or where there is none. */
struct work_again {
    int64_t limit_us;
    int tries;
};
bool work_again(struct work *w, struct work_again *again);
#define WORK_AGAIN_REQUEST_US (5 * BL_US)
#define WORK_AGAIN_COMMAND_US (60 * BL_US)

/* A writing transaction: store_write_begin, and the clock and kind of the database with it. */
BL_MUST_CHECK enum bl_err work_begin(struct bl_ctx *x, struct work *w);
BL_MUST_CHECK enum bl_err work_end(
        struct bl_ctx *x, struct work *w, enum bl_err so_far); /* commits, or aborts and passes so_far on */
/* Inside a transaction: who did what. */
BL_MUST_CHECK enum bl_err work_audit(struct bl_ctx *x, struct work *w, const char *actor, const char *action,
        struct bl_str subject, struct bl_str detail);

/* ---- price books: shared, counted */
struct work_book {
    const struct bl_book *book;
};
struct work_book *work_book_take(struct work *w); /* the current one; NULL: none loaded yet */
BL_MUST_CHECK enum bl_err work_book_by_id(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str id, struct work_book **ret);
void work_book_give(struct work *w, struct work_book *b); /* NULL is fine */
struct work_prices {
    struct bl_str file, yaml;
    const struct bl_str *logo; /* PNG bytes by seller, in the book's order; NULL: none */
    size_t n_logo;
    struct bl_str adjust; /* digest of the report that was shown; absent: none */
    bool dry_run;         /* report only */
};
struct work_prices_result {
    bool loaded;
    struct bl_str report, digest; /* what moves in closed periods; absent: nothing moves */
    struct bl_str remarks;
    uint8_t book_id[32];
};
/* BL_CONFLICT with the report as result when closed periods move and `adjust` is not its digest. */
BL_MUST_CHECK enum bl_err work_prices_load(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_prices *in, struct work_prices_result *ret);

/* ---- accounts */
struct work_account {
    store_acct acct;
    bl_uuid uuid;
    uint32_t bucket;
    struct q_account_get row;
};
BL_MUST_CHECK enum bl_err work_account_get(struct bl_ctx *x, struct work *w, struct store_db *db,
        bl_uuid uuid, struct work_account *ret); /* BL_NOT_FOUND */
struct work_account_new {
    bool has_uuid, has_org, has_billing_from, has_opening;
    bl_uuid uuid, org;
    struct bl_str field[BL_F_COUNT]; /* the face, as in an account.change */
    struct bl_str number, currency;
    int64_t billing_from_us;
    bl_amount opening;
};
BL_MUST_CHECK enum bl_err work_account_add(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account_new *in, bl_uuid *ret);
/* A change of the account, whole or not at all. The face's part is dated: an account.change fact at from_us.
 */
struct work_account_change {
    bool sets_face, sets_org;
    struct bl_str field[BL_F_COUNT];
    uint32_t reset; /* bits of fields given as null */
    int64_t from_us;
    bool has_org; /* false: it leaves its organization */
    bl_uuid org;
};
BL_MUST_CHECK enum bl_err work_account_set(struct bl_ctx *x, struct work *w, const char *actor,
        bl_uuid account, const struct work_account_change *in);
BL_MUST_CHECK enum bl_err work_org_add(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str name, bl_uuid *ret);
/* The face as it is at an instant. */
BL_MUST_CHECK enum bl_err work_face(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, int64_t at_us, struct bl_face *ret);

/* ---- tokens */
enum work_dialect { WORK_DO, WORK_CIVO, WORK_OPERATOR };
struct work_token_new {
    enum work_dialect dialect;
    bool has_account, has_org;
    bl_uuid account, org;
    struct bl_str scopes, name; /* scopes blank-separated; absent: all of the dialect's */
    bool has_expiry;
    int64_t expires_us;
};
BL_MUST_CHECK enum bl_err work_token_add(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_token_new *in, struct bl_str *ret_token, struct bl_str *ret_id);
/* id: what token lists show, or "sha256-" and the hex digits of the token's SHA-256. Refused from the return
 * on.
 */
BL_MUST_CHECK enum bl_err work_token_revoke(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str id);
struct work_token {
    enum work_dialect dialect;
    bool has_account, has_org;
    bl_uuid account, org;
    uint32_t scopes; /* bits of work_scope */
    char id[24];
};
/* BL_UNAUTHORIZED for what is unknown, revoked or expired at now. */
BL_MUST_CHECK enum bl_err work_token_check(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str token, struct work_token *ret);
enum work_scope {
    WORK_SCOPE_NONE = 0,
#define S(name, text, side) WORK_SCOPE_BIT_##name,
#include "work/scopes.def"
#undef S
};
#define WORK_SCOPE(name) (1u << WORK_SCOPE_BIT_##name)
const char *const *work_scope_words(size_t *ret_n);      /* all of the table, for whom one was mistyped */
bool work_scope_find(struct bl_str text, uint32_t *ret); /* one word as it stands in the table */
/* Words parted by blanks or commas. api:read also gives every customer's scope that ends in :read, api:write
 * every customer's scope but api:read itself. BL_INVALID names the word that is none. */
BL_MUST_CHECK enum bl_err work_scopes_parse(struct bl_ctx *x, struct bl_str text, uint32_t *ret);
uint32_t work_scopes_customer(void);

/* ---- bills */
struct work_preview {
    struct bl_bill bill;
    struct bl_lines lines;
    const struct bl_book *book; /* held by the caller through work_book_take */
};
/* The bill of the calendar month of now_us, drawn up at its second. BL_OVERFLOW / BL_CONFLICT: parked. */
BL_MUST_CHECK enum bl_err work_preview(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const struct bl_book *book, int64_t now_us, struct bl_bill *ret);
struct work_balance {
    bl_amount usage, receivable, total;
    int digits;
};
BL_MUST_CHECK enum bl_err work_balance(struct bl_ctx *x, struct work *w, struct store_db *db, store_acct acct,
        int64_t now_us, struct work_balance *ret);
BL_MUST_CHECK enum bl_err work_invoice(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, bl_uuid invoice_uuid, struct bl_bill *ret); /* BL_NOT_FOUND */
BL_MUST_CHECK enum bl_err work_insight(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const struct bl_book *book, bl_day first, bl_day last, int64_t now_us,
        struct bl_point **ret, size_t *ret_n);
BL_MUST_CHECK enum bl_err work_civo(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const struct bl_book *book, int64_t from_s, int64_t to_s,
        struct bl_str region, struct bl_civo_row **ret, size_t *ret_n);
/* An account's resources that live at an instant, ordered by (birth, uuid). */
struct work_living {
    bl_uuid resource;
    int64_t birth_s;
    const struct bl_stretch *now; /* as it is then */
};
BL_MUST_CHECK enum bl_err work_living(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, int64_t at_us, struct work_living **ret, size_t *ret_n);

/* ---- postings */
struct work_post {
    enum bl_entry_kind kind; /* payment, refund, chargeback, credit (goodwill), grant; 0: manual adjustment */
    bl_amount amount;        /* positive; of an adjustment also negative */
    struct bl_str ref, note;
    int64_t expires_us;  /* grants */
    struct bl_str key;   /* of the request, absent without: the same key and request post once in 35 days */
    uint8_t request[32]; /* digest of the request that carried the key */
};
struct work_posted {
    bool repeated; /* the ref was there already, with the same amount */
    int64_t at_us;
    uint64_t n;           /* entry's number; an adjustment's place in the log */
    bl_amount receivable; /* the account's, afterwards */
};
BL_MUST_CHECK enum bl_err work_post(struct bl_ctx *x, struct work *w, const char *actor, bl_uuid account,
        const struct work_post *in, struct work_posted *ret);

/* ---- closing */
struct work_close_state {
    bl_period period;
    bool done;
    uint32_t accounts_total, accounts_done;
    int64_t accounts, invoices, credit_notes;
    struct bl_str total, digest, parked; /* parked: URNs, blank-separated */
};
#define WORK_JOBS_MAX 64
struct work_close_ask {
    bl_period period;
    bool grace;    /* refuse before end + grace */
    uint32_t jobs; /* threads that draw up bills beside the writer; 0: one a further core, 1 to 8 */
};
/* One chunk, at most about 20 ms of writing; call again until done. A run that was stopped in the middle is
 * gone on with, by as many threads as it was begun with. */
BL_MUST_CHECK enum bl_err work_close_chunk(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_close_ask *ask, struct work_close_state *ret);
/* The newest period whose end + grace has passed at now; false when there is no book. */
bool work_close_due(struct work *w, int64_t now_us, bl_period *ret);

/* ---- verify: recompute every issued invoice and every balance, check every chain and the log. */
struct work_verify {
    uint64_t accounts, invoices, entries, facts;
    int64_t sum;     /* over all postings: zero */
    char digest[65]; /* of all heads now */
};
BL_MUST_CHECK enum bl_err work_verify(struct bl_ctx *x, struct work *w, struct store_db *db,
        struct bl_str digest,
        struct work_verify *ret); /* BL_CONFLICT with the first difference as the sentence */

/* ---- the writer thread */
typedef void work_job_fn(
        struct bl_ctx *x, struct work *w, void *arg); /* runs on the writer thread, answers by itself */
BL_MUST_CHECK enum bl_err work_writer_start(struct bl_ctx *x, struct work *w);
void work_writer_stop(struct work *w);                               /* finishes what is queued */
void work_writer_submit(struct work *w, work_job_fn *fn, void *arg); /* without a thread: runs now */

/* the verbs of headers of their own */
#include "work/intake.h"
#include "work/volumes.h"
#include "work/hands.h"
#include "work/holder.h"
#include "work/apps.h"
#include "work/oauth.h" /* applications of others: theirs */

#endif
