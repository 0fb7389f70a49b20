/* What the two readers share: one scanner over bytes. Each function starts at r->p and leaves it behind what
 * it read. */
#ifndef BILLOW_JSON_SCAN_H
#define BILLOW_JSON_SCAN_H

#include "json/json.h"

#define JSON_DEPTH_MAX 64
#define JSON_MEMBERS_MAX 10000

void json_blanks(struct bl_json_reader *r);
BL_MUST_CHECK enum bl_err json_string(struct bl_json_reader *r, struct bl_str *ret);
BL_MUST_CHECK enum bl_err json_value(struct bl_json_reader *r, struct bl_json_value *ret);
BL_MUST_CHECK enum bl_err json_key(struct bl_json_reader *r, struct bl_json_keys *k, struct bl_str *ret);
BL_MUST_CHECK enum bl_err json_fail(struct bl_json_reader *r, const char *what);

#endif
