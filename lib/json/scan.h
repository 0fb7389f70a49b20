/* What the readers and the writer share: one scanner over bytes. Each function starts at r->p and leaves it
 * behind what it read. */
#ifndef BILLOW_JSON_SCAN_H
#define BILLOW_JSON_SCAN_H

#include "json/json.h"

#define JSON_DEPTH_MAX 64
#define JSON_MEMBERS_MAX 10000

/* First byte from p on that is not plain: a quote, a backslash, below 0x20 or above 0x7f; else end. */
const char *json_plain_end(const char *p, const char *end);

void json_blanks(struct bl_json_reader *r);
BL_MUST_CHECK enum bl_err json_string(struct bl_json_reader *r, struct bl_str *ret);
BL_MUST_CHECK enum bl_err json_value(struct bl_json_reader *r, struct bl_json_value *ret);
BL_MUST_CHECK enum bl_err json_deeper(struct bl_json_reader *r); /* past a { or [ */
/* Before a member or element: past the comma, or past the closing mark when there is none. `first` starts
 * true. */
BL_MUST_CHECK enum bl_err json_another(struct bl_json_reader *r, bool *first, char close, bool *ret_more);
/* A name and its colon; the names of one object are collected in k, to refuse a second of the same. */
static inline void json_keys_begin(struct bl_json_keys *k)
{
    k->n = k->cap = 0;
    k->many = NULL;
}
BL_MUST_CHECK enum bl_err json_key(struct bl_json_reader *r, struct bl_json_keys *k, struct bl_str *ret);
BL_MUST_CHECK enum bl_err json_keys_end(struct bl_json_reader *r, struct bl_json_keys *k);
BL_MUST_CHECK enum bl_err json_fail(struct bl_json_reader *r, const char *what);

#endif
