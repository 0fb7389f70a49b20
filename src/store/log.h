/* Private to store: the packed body of a batch: some hundred facts with what they share written once, and a
 * table of where each begins, so that one is read without its neighbours.
 *
 *     header | uuid x accounts | u32 string end x strings | u32 fact end x n | strings | facts
 *     header: u32 n, accounts, strings, bytes of strings, bytes of facts; i64 instant of the first fact
 *
 * A fact: account's index, seq, type and flags, microseconds after the batch's first fact, resource, source,
 * id, fields (names that repeat as a string's index, personal ones as a digest), quantity, resource id. */
#ifndef BILLOW_STORE_LOG_H
#define BILLOW_STORE_LOG_H

#include "fact/fact.h"

#define LOG_FACTS_MAX 512           /* in one batch */
#define LOG_BYTES_FULL (48u * 1024) /* one with more bytes of facts takes no further one */
#define LOG_STRINGS_MAX 256

/* What can be known of a fact without reading it whole. */
struct log_head {
    uint32_t account; /* index */
    uint64_t seq;
    enum bl_fact_type type;
    int64_t time_us;
    bool has_resource;
    bl_uuid resource;
};

/* ---- writing */
struct log_text {
    uint8_t digest[16];
    struct bl_str text;
};
struct log_builder {
    uint32_t n, n_account, n_string;
    int64_t first_us, min_us, max_us;
    uint64_t fp[LOG_FACTS_MAX + 1]; /* and the body's checksum behind the last */
    uint32_t fact_end[LOG_FACTS_MAX];
    struct log_head head[LOG_FACTS_MAX];
    uint32_t handle[LOG_FACTS_MAX]; /* accounts by index */
    bl_uuid account[LOG_FACTS_MAX];
    uint32_t string_end[LOG_STRINGS_MAX];
    uint16_t account_slot[2 * LOG_FACTS_MAX]; /* index + 1 */
    uint16_t string_slot[2 * LOG_STRINGS_MAX];
    struct bl_buf strings, facts, texts;
};
void log_start(struct log_builder *b);
bool log_full(const struct log_builder *b);
/* fact->seq is set. handle stands for fact->account while building. */
void log_add(struct log_builder *b, const struct bl_fact *f, uint32_t handle, uint64_t fp);
void log_finish(const struct log_builder *b, struct bl_buf *ret_body);
void log_release(struct log_builder *b);
/* A checksum of a body, kept behind the batch's keys: a byte that has changed since shows. It is no secret.
 */
uint64_t log_sum(struct bl_str body);

/* ---- reading: borrows the body */
struct log_view {
    const char *body;
    size_t bytes;
    uint32_t n, n_account, n_string;
    const uint8_t *account, *string_end, *fact_end;
    const char *strings, *facts;
    size_t strings_bytes, facts_bytes;
    int64_t first_us;
    struct log_text *text; /* personal texts that came with it; may be empty */
    uint32_t n_text;
};
/* BL_INTERNAL with a sentence when the bytes are no batch. */
BL_MUST_CHECK enum bl_err log_open(struct bl_ctx *x, struct bl_str body, struct log_view *ret);
bl_uuid log_account(const struct log_view *v, uint32_t index);
BL_MUST_CHECK enum bl_err log_head(
        struct bl_ctx *x, const struct log_view *v, uint32_t i, struct log_head *ret);
/* Two hints for whoever reads facts in an order that jumps: where fact i begins will be asked for, then the
 * fact. */
void log_touch_index(const struct log_view *v, uint32_t i);
void log_touch_fact(const struct log_view *v, uint32_t i);
/* Strings borrow the body. Digested fields are absent. */
BL_MUST_CHECK enum bl_err log_fact(struct bl_ctx *x, const struct log_view *v, uint32_t i,
        struct bl_fact *ret, struct bl_fact_digests *ret_digests);

/* texts of a batch, as batch_text keeps them: (account uuid, text)*. Fills v->text (malloc'ed, borrows body).
 */
BL_MUST_CHECK enum bl_err log_texts_open(struct bl_ctx *x, struct log_view *v, struct bl_str body);
struct bl_str log_text_find(const struct log_view *v, const uint8_t digest[16]); /* absent when not there */

#endif
