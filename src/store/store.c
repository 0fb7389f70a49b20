/* Opening and closing the one file, its owner's lock, the pool of reading connections, and the views readers
 * hold. A view remembers which sealing had ended when it began: tails that such a view may still need are
 * kept until it ends. */
#include "store/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUCKETS_DEFAULT 1024
#define BUCKETS_MAX 65536

static void rwlock_writer_first(pthread_rwlock_t *l)
{
    pthread_rwlockattr_t a;
    pthread_rwlockattr_init(&a);
    pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(l, &a);
    pthread_rwlockattr_destroy(&a);
}

/* ---- the owner's lock: held by the open file, so it ends with the process whatever happens to it */
static enum bl_err take_lock(struct bl_ctx *x, struct store *s)
{
    struct bl_str name = bl_str_printf(&x->arena, "%s.lock", s->path);
    s->lock_fd = open(name.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return bl_fail(x, BL_UNAVAILABLE, "%s could not be opened: %s.", name.p, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                       ? bl_fail(x, BL_CONFLICT, "%s is in use by another process: stop it, or speak to it.",
                                 s->path)
                       : bl_fail(x, BL_UNAVAILABLE, "%s could not be locked: %s.", name.p, strerror(errno));
    return BL_OK;
}

static void sync_folder(struct bl_ctx *x, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct bl_str folder =
            slash ? bl_str_dup(&x->arena, (struct bl_str){path, (size_t)(slash - path) + 1}) : BL_STR(".");
    int fd = open(folder.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static enum bl_err find_file(struct bl_ctx *x, const struct store_options *o, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? BL_OK
                                   : bl_fail(x, BL_INVALID, "%s is not a file: name another one.", path);
    if (errno != ENOENT && errno != ENOTDIR)
        return bl_fail(x, BL_UNAVAILABLE, "%s could not be opened: %s.", path, strerror(errno));
    if (!o->create || o->read_only)
        return bl_fail(x, BL_NOT_FOUND,
                "There is no database at %s: name another with --db, or add an account first.", path);
    return BL_OK;
}

static enum bl_err make_file(struct bl_ctx *x, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return bl_fail(x, BL_UNAVAILABLE, "%s could not be made: %s.", path, strerror(errno));
    close(fd);
    sync_folder(x, path);
    return BL_OK;
}

static enum bl_err first_meta(struct bl_ctx *x, struct store *s, uint32_t buckets)
{
    struct q_meta_get meta;
    bool found = false;
    BL_TRY(q_meta_get(x, s->writer, &meta, &found));
    if (found)
        return BL_OK;
    char key[16];
    randombytes_buf(key, sizeof key);
    return q_meta_insert(x, s->writer, buckets ? buckets : BUCKETS_DEFAULT, (struct bl_str){key, sizeof key});
}

static enum bl_err own_file(struct bl_ctx *x, struct store *s, const struct store_options *o)
{
    BL_TRY(find_file(x, o, s->path));
    BL_TRY(take_lock(x, s));
    return o->create && !o->read_only ? make_file(x, s->path) : BL_OK;
}

static enum bl_err open_all(struct bl_ctx *x, struct store *s, const struct store_options *o)
{
    if (o->buckets > BUCKETS_MAX)
        return bl_fail(x, BL_INVALID, "A database has at most %d buckets.", BUCKETS_MAX);
    if (!store_is_url(s->path))
        BL_TRY(own_file(x, s, o));
    BL_TRY(sql_db_open(x, s->path, SQL_WRITER, &s->writer));
    s->writer->store = s;
    BL_TRY(s->writer->engine->migrate(x, s->writer, o->create && !o->read_only));
    if (!o->read_only)
        BL_TRY(first_meta(x, s, o->buckets));
    BL_TRY(store_load_known(x, s, o->identities || !s->shared));
    struct store_db *db = NULL; /* one reader at least, so that taking one can always be waited for */
    BL_TRY(sql_db_open(x, s->path, SQL_READER, &db));
    db->store = s;
    s->readers = s->free_readers = db;
    return BL_OK;
}

enum bl_err store_open(struct bl_ctx *x, const struct store_options *o, struct store **ret)
{
    if (sodium_init() < 0)
        return bl_fail(x, BL_INTERNAL, "The system gives no random numbers.");
    struct store *s = bl_xmalloc(sizeof *s);
    memset(s, 0, sizeof *s);
    s->path = bl_xmalloc(o->path.n + 1);
    memcpy(s->path, o->path.p, o->path.n);
    s->path[o->path.n] = 0;
    s->lock_fd = -1;
    s->read_only = o->read_only;
    s->shared = store_is_url(s->path);
    accounts_open(&s->accounts);
    rwlock_writer_first(&s->tails_lock);
    pthread_mutex_init(&s->views_lock, NULL);
    pthread_mutex_init(&s->memory_lock, NULL);
    pthread_cond_init(&s->reader_back, NULL);
    bl_ctx_init(&s->own, x->now_us);
    store_sealing_drop(s);
    enum bl_err e = open_all(x, s, o);
    if (e != BL_OK) {
        store_close(s);
        return e;
    }
    *ret = s;
    return BL_OK;
}

void store_close(struct store *s)
{
    if (s->txn.open)
        store_write_abort(s);
    store_sealing_drop(s);
    for (struct store_db *db = s->readers, *next; db; db = next) {
        next = db->next;
        sql_db_close(db);
    }
    if (s->writer)
        sql_db_close(s->writer);
    for (struct tail *t = s->tails, *next; t; t = next) {
        next = t->next;
        tail_free(t);
    }
    for (size_t i = 0; i < CHUNK_CACHE; i++)
        free(s->cache[i].body);
    ident_release(&s->ident);
    pending_release(&s->pending);
    accounts_release(&s->accounts);
    free(s->seq);
    free(s->seq_dirty);
    free(s->txn.touched);
    free(s->txn.seq);
    free(s->txn.ident);
    if (s->builder)
        log_release(s->builder);
    free(s->builder);
    pthread_rwlock_destroy(&s->tails_lock);
    pthread_mutex_destroy(&s->views_lock);
    pthread_mutex_destroy(&s->memory_lock);
    pthread_cond_destroy(&s->reader_back);
    bl_ctx_release(&s->own);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->path);
    free(s);
}

struct store_db *store_writer(struct store *s)
{
    return s->writer;
}

bool store_is_away(struct store *s)
{
    return s->shared && atomic_load(&s->away);
}

bool store_is_shared(const struct store *s)
{
    return s->shared;
}

uint32_t store_buckets(const struct store *s)
{
    return s->buckets;
}

void store_id(const struct store *s, char ret[33])
{
    static const char what[] = "the name of a database";
    uint8_t text[sizeof what + sizeof s->ident.key], h[32];
    memcpy(text, what, sizeof what);
    memcpy(text + sizeof what, s->ident.key, sizeof s->ident.key);
    bl_sha256(text, sizeof text, h);
    bl_hex(h, 16, ret);
}

uint32_t store_bucket_of(const struct store *s, bl_uuid account)
{
    return bl_crc32c(account.b, 16) % s->buckets;
}

/* ---- reading connections */

struct store_db *store_reader_take(struct store *s)
{
    pthread_mutex_lock(&s->views_lock);
    struct store_db *db = s->free_readers;
    if (!db) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        if (sql_db_open(&x, s->path, SQL_READER, &db) == BL_OK) {
            db->store = s;
            db->next = s->readers;
            s->readers = db;
            db->next_free = s->free_readers;
            s->free_readers = db;
        }
        bl_ctx_release(&x);
    }
    while (!(db = s->free_readers)) /* the system gives no further one: wait for one to come back */
        pthread_cond_wait(&s->reader_back, &s->views_lock);
    s->free_readers = db->next_free;
    pthread_mutex_unlock(&s->views_lock);
    return db;
}

void store_reader_give(struct store *s, struct store_db *db)
{
    while (db->depth)
        store_read_end(db);
    pthread_mutex_lock(&s->views_lock);
    db->next_free = s->free_readers;
    s->free_readers = db;
    pthread_cond_signal(&s->reader_back);
    pthread_mutex_unlock(&s->views_lock);
}

/* ---- views */

static void view_list(struct store_db *db, bool listed)
{
    struct store *s = db->store;
    pthread_mutex_lock(&s->views_lock);
    db->listed = listed;
    db->began_run = atomic_load(&s->run);
    pthread_mutex_unlock(&s->views_lock);
}

/* The view sees what memory does not know yet: of another process, or of our writer, which is about to tell.
 */
static enum bl_err view_follow(struct bl_ctx *x, struct store_db *db)
{
    struct store *s = db->store;
    pthread_mutex_lock(&s->memory_lock);
    enum bl_err e = store_follow(x, s, db);
    if (db->writes == atomic_load(&s->known_writes))
        db->began_writes = atomic_load(&s->writes);
    pthread_mutex_unlock(&s->memory_lock);
    return e;
}

static enum bl_err view_begin(struct bl_ctx *x, struct store_db *db)
{
    view_list(db, true);
    db->began_writes = atomic_load(&db->store->writes); /* before the view is fixed */
    struct q_meta_view meta = {0};
    bool found = false;
    enum bl_err e = sql_control(x, db, SQL_VIEW_BEGIN);
    if (e == BL_OK && db->writes > atomic_load(&db->store->known_writes))
        e = view_follow(x, db);
    if (e == BL_OK)
        e = q_meta_view(x, db, &meta, &found);
    if (e == BL_OK && !found)
        e = bl_fail(x, BL_INTERNAL, "The database has lost its first row: restore a backup.");
    if (e != BL_OK) {
        store_read_end(db);
        return e;
    }
    db->sealed_batch = meta.sealed_batch;
    db->run = meta.run;
    return BL_OK;
}

enum bl_err store_read_begin(struct bl_ctx *x, struct store_db *db)
{
    if (db->depth++ > 0)
        return BL_OK;
    if (db->writer) /* nobody else writes: what it sees does not move */
        return BL_OK;
    enum bl_err e = view_begin(x, db);
    if (e == BL_OK || e == BL_UNAVAILABLE)
        atomic_store(&db->store->away, e != BL_OK);
    return e;
}

void store_read_end(struct store_db *db)
{
    if (--db->depth > 0 || db->writer)
        return;
    db->engine->leave(db);
    view_list(db, false);
}

enum bl_err store_fresh(struct bl_ctx *x, struct store_db *db)
{
    struct store *s = db->store;
    if (!s->shared || db->depth > 0)
        return BL_OK;
    if (!db->writer) {
        BL_TRY(store_read_begin(x, db));
        store_read_end(db);
        return BL_OK;
    }
    BL_TRY(sql_control(x, db, SQL_VIEW_BEGIN));
    enum bl_err e = db->writes > atomic_load(&s->known_writes) ? view_follow(x, db) : BL_OK;
    db->engine->leave(db);
    return e;
}

bool store_view_newest(const struct store_db *db)
{
    return db->writer || db->depth == 0 || db->began_writes == atomic_load(&db->store->writes);
}

void store_views_trim(struct store *s)
{
    int64_t oldest = INT64_MAX;
    pthread_mutex_lock(&s->views_lock);
    for (struct store_db *db = s->readers; db; db = db->next)
        if (db->listed && db->began_run < oldest)
            oldest = db->began_run;
    pthread_mutex_unlock(&s->views_lock);
    struct tail *gone = NULL;
    pthread_rwlock_wrlock(&s->tails_lock);
    for (struct tail **at = &s->tails; *at;) {
        struct tail *t = *at;
        if (t->last_run && t->last_run <= oldest) {
            *at = t->next;
            t->next = gone;
            gone = t;
        } else {
            at = &t->next;
        }
    }
    pthread_rwlock_unlock(&s->tails_lock);
    while (gone) {
        struct tail *t = gone;
        gone = t->next;
        tail_free(t);
    }
}

/* ---- figures */

static int64_t file_size(const char *path, const char *more)
{
    if (store_is_url(path))
        return 0;
    char name[4096];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, more);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

void store_stats(struct store *s, struct store_stats *ret)
{
    *ret = (struct store_stats){
            .facts = atomic_load(&s->facts),
            .batches = (uint64_t)atomic_load(&s->batch),
            .identities = atomic_load(&s->ident_n),
            .identity_bytes = atomic_load(&s->ident_bytes),
            .file_bytes = file_size(s->path, ""),
            .wal_bytes = file_size(s->path, "-wal"),
    };
    pthread_rwlock_rdlock(&s->tails_lock);
    for (struct tail *t = s->tails; t; t = t->next) {
        ret->tail_bytes += t->bytes;
        if (!t->last_run)
            ret->unsealed += t->n_usage + t->n_life;
    }
    pthread_rwlock_unlock(&s->tails_lock);
}

/* ---- backup: one step under one view, so that it is the database of one instant while writing goes on */
enum bl_err store_backup(struct bl_ctx *x, struct store *s, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return bl_fail(x, BL_CONFLICT, "%s is there already: name another file.", path);
    struct bl_str part = bl_str_printf(&x->arena, "%s.part", path);
    unlink(part.p);
    struct store_db *from = store_reader_take(s);
    enum bl_err e = from->engine->backup(x, from, part.p);
    store_reader_give(s, from);
    if (e == BL_OK && rename(part.p, path) != 0)
        e = bl_fail(x, BL_UNAVAILABLE, "The backup to %s failed: %s.", path, strerror(errno));
    if (e == BL_OK)
        sync_folder(x, path);
    else
        unlink(part.p);
    return e;
}
