/* What the measurements are about: accounts, events and resources that follow from their number alone, so
 * that Billow and its references are given the same ones without a file between them. */
#ifndef BILLOW_BENCH_MAKE_H
#define BILLOW_BENCH_MAKE_H

#include "base/base.h"
#include "cal/cal.h"

#define MAKE_MONTH 681 /* 2026-10 */
#define MAKE_LINE_MAX 768

uint64_t make_mix(uint64_t n);
bl_uuid make_account(uint64_t n);
void make_token(uint64_t n, char ret[72]); /* a customer's, of account n */
#define MAKE_OPERATOR "blw_v1_00000000000000000000000000000000000000000000000000000000000000be"

/* Event number i over so many accounts: nine in ten count something, one in ten is about a life, one in a
 * hundred is an earlier one again. Their times go through the month's first nineteen days, in order but for a
 * second. One line of NDJSON, or one of COPY's text format with the columns of bench/intake.sql; its length.
 */
size_t make_event(uint64_t i, uint32_t accounts, char *to);
size_t make_event_row(uint64_t i, uint32_t accounts, char *to);

/* Resource r of account a: its life in the month of period, as one event (two when it ends), or as a row of
 * (account, resource, name, sku, from, to). `settled`: it was made on the month's first day and stays. */
size_t make_life(uint64_t a, uint64_t r, bl_period period, bool settled, char *to);
size_t make_life_row(uint64_t a, uint64_t r, bl_period period, char *to);

#endif
