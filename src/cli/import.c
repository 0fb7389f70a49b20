/* import: streams files into POST /operator/v1/events, ten thousand events at a time. Nothing is read whole:
 * bytes come in (unpacked where gzip packed them), CSV rows become lines of JSON, lines are gathered to
 * batches, answers are counted. What is rejected is told by its place in the file.
 *
 *     file -> gzread -> [csv -> ndjson] -> lines -> batch -> events -> counts */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "fact/fact.h"

#define BATCH_EVENTS 10000
#define BATCH_BYTES ((size_t)15 << 20)
#define LINE_BYTES ((size_t)31 << 20) /* a body may have 32 MiB */
#define PIECE_BYTES ((size_t)256 << 10)

struct counts {
    uint64_t accepted, duplicate, void_, rejected;
};
struct import {
    struct cli *c;
    struct counts sum;
    struct bl_jw *json; /* with --json: the list of rejected */
    struct cli_progress bar;
    uint64_t bytes_before, bytes_all; /* of the files before this one; of all, 0 when unknown */
    /* the file */
    const char *name;
    gzFile in;
    bool csv;
    struct bl_csv_events *rows;
    struct bl_ctx scratch;
    uint64_t index;      /* of the batch's first event in the file */
    struct bl_buf lines; /* NDJSON not sent yet; `ready` bytes of it are whole lines, `events` of them */
    size_t ready, events;
};

/* ---- answers */

static uint64_t number(const struct bl_json *tree, const char *key)
{
    const struct bl_json *v = bl_json_get(tree, key);
    return v && v->type == BL_JSON_NUMBER && v->text.n < 20 ? strtoull(v->text.p, NULL, 10) : 0;
}

static void say_rejected(struct import *m, const struct bl_json *one)
{
    uint64_t index = m->index + number(one, "index");
    struct bl_str id = bl_json_str(one, "id"), reason = bl_json_str(one, "reason");
    if (m->bar.on)
        fputs("\r\033[K", stderr);
    cli_say(stderr, bl_str_of(m->name));
    fprintf(stderr, ":%llu ", (unsigned long long)index);
    cli_say(stderr, bl_is(id) ? id : BL_STR("-"));
    fputs(": ", stderr);
    cli_say(stderr, reason);
    fputc('\n', stderr);
    if (!m->json)
        return;
    bl_jw_begin_object(m->json);
    bl_jw_kz(m->json, "file", m->name);
    bl_jw_kint(m->json, "index", (int64_t)index);
    bl_jw_kstr(m->json, "id", id);
    bl_jw_kstr(m->json, "reason", reason);
    bl_jw_end_object(m->json);
}

static enum bl_err count_answer(struct import *m, int status, struct bl_str body)
{
    struct bl_json *tree;
    if (status != 200 && status != 422)
        return cli_refused(m->c, status, body);
    BL_TRY(cli_tree(m->c, body, &tree));
    const struct bl_json *list = bl_json_get(tree, "rejected");
    if (!list || list->type != BL_JSON_ARRAY)
        return cli_refused(m->c, status, body);
    struct counts n = {number(tree, "accepted"), number(tree, "duplicate"), number(tree, "void"), list->n};
    for (const struct bl_json *v = list->first; v; v = v->next)
        say_rejected(m, v);
    m->sum.accepted += n.accepted;
    m->sum.duplicate += n.duplicate;
    m->sum.void_ += n.void_;
    m->sum.rejected += n.rejected;
    m->index += n.accepted + n.duplicate + n.void_ + n.rejected;
    return BL_OK;
}

static void show(struct import *m)
{
    const struct counts *s = &m->sum;
    z_off_t at = m->in ? gzoffset(m->in) : 0;
    cli_progress(&m->bar, m->bytes_before + (at > 0 ? (uint64_t)at : 0), m->bytes_all, "events",
            s->accepted + s->duplicate + s->void_ + s->rejected);
}

/* ---- batches */

static enum bl_err send(struct import *m)
{
    int status = 0;
    struct bl_str body;
    bool any = m->events > 0;
    if (any)
        BL_TRY(cli_call(m->c, "POST", BL_STR("/operator/v1/events"), BL_ABSENT,
                (struct bl_str){m->lines.p, m->ready}, "application/x-ndjson", &status, &body));
    if (m->ready > 0)
        memmove(m->lines.p, m->lines.p + m->ready, m->lines.n - m->ready);
    m->lines.n -= m->ready;
    m->ready = m->events = 0;
    if (any)
        BL_TRY(count_answer(m, status, body));
    show(m);
    return BL_OK;
}

static bool blank(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++, n--;
    return n == 0;
}

/* Moves the border of whole lines forward, sending what is full on the way. */
static enum bl_err cut(struct import *m, bool last)
{
    size_t searched = m->ready;
    for (;;) {
        char *end = m->lines.n > searched ? memchr(m->lines.p + searched, '\n', m->lines.n - searched) : NULL;
        if (!end && !(last && m->lines.n > m->ready))
            break;
        size_t next = end ? (size_t)(end - m->lines.p) + 1 : m->lines.n;
        if (m->events > 0 && next > BATCH_BYTES) {
            size_t line = next - m->ready;
            BL_TRY(send(m));
            next = line;
        }
        m->events += !blank(m->lines.p + m->ready, next - m->ready);
        m->ready = searched = next;
        if (m->events == BATCH_EVENTS) {
            BL_TRY(send(m));
            searched = 0;
        }
    }
    if (m->lines.n - m->ready > LINE_BYTES)
        return bl_fail(&m->c->x, BL_TOO_LARGE,
                "%s has a line of more than 31 MiB: one event a line is expected.", m->name);
    return last ? send(m) : BL_OK;
}

/* ---- reading */

static enum bl_err read_failed(struct import *m)
{
    int code = 0;
    const char *why = gzerror(m->in, &code);
    const char *said = strstr(why, ">: "); /* zlib names the file "<fd:3>" */
    return bl_fail(&m->c->x, BL_UNAVAILABLE, "%s could not be read: %s.", m->name,
            code == Z_ERRNO ? strerror(errno)
            : said          ? said + 3
                            : why);
}

/* Rows to lines. `piece` keeps what the reader of rows could not use yet. */
static enum bl_err feed_rows(struct import *m, struct bl_buf *piece, bool last)
{
    size_t used = 0;
    bl_ctx_reset(&m->scratch, 0);
    enum bl_err e = bl_csv_events_feed(&m->scratch, m->rows, bl_buf_view(piece), last, &m->lines, &used);
    if (e != BL_OK)
        return bl_fail(&m->c->x, e, "%s: %s", m->name, m->scratch.why);
    if (used > 0)
        memmove(piece->p, piece->p + used, piece->n - used);
    piece->n -= used;
    if (piece->n > LINE_BYTES)
        return bl_fail(&m->c->x, BL_TOO_LARGE, "%s has a row of more than 31 MiB.", m->name);
    return BL_OK;
}

static enum bl_err pump(struct import *m, struct bl_buf *piece)
{
    for (bool last = false; !last;) {
        struct bl_buf *to = m->csv ? piece : &m->lines;
        bl_buf_reserve(to, PIECE_BYTES);
        int n = gzread(m->in, to->p + to->n, PIECE_BYTES);
        if (n < 0)
            return read_failed(m);
        to->n += (size_t)n;
        last = n == 0;
        if (m->csv)
            BL_TRY(feed_rows(m, piece, last));
        BL_TRY(cut(m, last));
        show(m);
    }
    int code = 0;
    gzerror(m->in, &code); /* a packed file that ends too soon */
    return code == Z_OK || code == Z_STREAM_END ? BL_OK : read_failed(m);
}

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), w = strlen(with);
    return n >= w && strcmp(name + n - w, with) == 0;
}

static enum bl_err open_file(struct import *m)
{
    bool input = strcmp(m->name, "-") == 0;
    struct stat st;
    int fd = input ? dup(STDIN_FILENO) : open(m->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bl_fail(&m->c->x, BL_NOT_FOUND, "%s could not be opened: %s.", m->name, strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return bl_fail(&m->c->x, BL_INVALID, "%s is a folder: name its files.", m->name);
    }
    m->in = gzdopen(fd, "rb");
    if (!m->in) {
        close(fd);
        return bl_fail(&m->c->x, BL_UNAVAILABLE, "%s could not be read.", m->name);
    }
    gzbuffer(m->in, PIECE_BYTES);
    return BL_OK;
}

static enum bl_err import_file(struct import *m, const char *name)
{
    struct bl_buf piece = {0};
    struct stat st;
    const char *format = cli_opt(m->c, "format");
    m->name = name;
    m->csv = format ? strcmp(format, "csv") == 0 : ends(name, ".csv") || ends(name, ".csv.gz");
    m->index = 0;
    m->lines.n = m->ready = m->events = 0;
    BL_TRY(open_file(m));
    if (m->csv)
        m->rows = bl_csv_events_new(&m->c->x);
    enum bl_err e = pump(m, &piece);
    gzclose(m->in);
    m->in = NULL;
    bl_buf_release(&piece);
    if (stat(name, &st) == 0)
        m->bytes_before += (uint64_t)st.st_size;
    return e;
}

/* ---- the command */

static uint64_t sizes(const struct cli *c)
{
    uint64_t sum = 0;
    for (int i = 0; i < c->n_arg; i++) {
        struct stat st;
        if (strcmp(c->arg[i], "-") == 0 || stat(c->arg[i], &st) != 0 || !S_ISREG(st.st_mode))
            return 0;
        sum += (uint64_t)st.st_size;
    }
    return sum;
}

static void print_counts(const struct import *m, struct bl_buf *rejected)
{
    const struct counts *s = &m->sum;
    if (!m->json) {
        printf("accepted %llu  duplicate %llu  void %llu  rejected %llu\n", (unsigned long long)s->accepted,
                (unsigned long long)s->duplicate, (unsigned long long)s->void_,
                (unsigned long long)s->rejected);
        return;
    }
    bl_jw_end_array(m->json);
    printf("{\"accepted\":%llu,\"duplicate\":%llu,\"void\":%llu,\"rejected\":%.*s}\n",
            (unsigned long long)s->accepted, (unsigned long long)s->duplicate, (unsigned long long)s->void_,
            BL_FMT(bl_buf_view(rejected)));
}

enum bl_err cmd_import(struct cli *c)
{
    struct bl_buf rejected = {0};
    struct bl_jw j;
    struct import m = {.c = c, .bytes_all = sizes(c)};
    const char *format = cli_opt(c, "format");
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0)
        return cli_usage(c, "--format takes ndjson or csv.");
    if (c->json) {
        bl_jw_init(&j, &rejected);
        bl_jw_begin_array(&j);
        m.json = &j;
    }
    bl_ctx_init(&m.scratch, 0);
    cli_progress_begin(&m.bar);
    enum bl_err e = BL_OK;
    for (int i = 0; e == BL_OK && i < c->n_arg; i++)
        e = import_file(&m, c->arg[i]);
    cli_progress_end(&m.bar);
    print_counts(&m, &rejected); /* also when a file failed: what was sent is kept */
    bl_buf_release(&rejected);
    bl_buf_release(&m.lines);
    bl_ctx_release(&m.scratch);
    if (m.sum.rejected > 0)
        c->exit = 1;
    return e;
}
