-- name: closed_insert
-- in:   bucket int, account blob, period int, k int, book_id blob, rules int, instant_s int, closed_us int
-- gives: none
insert into closed (bucket, account, period, k, book_id, rules, instant_s, closed_us)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: closed_get
-- in:   bucket int, account blob, period int
-- out:  k int, book_id blob, rules int, instant_s int, closed_us int
-- gives: one
select k, book_id, rules, instant_s, closed_us from closed where bucket = $1 and account = $2 and period = $3;

-- name: closed_list
-- in:   bucket int, account blob
-- out:  period int, k int, book_id blob, rules int, instant_s int, closed_us int
-- gives: many
select period, k, book_id, rules, instant_s, closed_us from closed where bucket = $1 and account = $2 order by period;

-- name: billed_insert
-- in:   bucket int, account blob, period int, by_period int, amount int, taxes blob
-- gives: none
insert into billed (bucket, account, period, by_period, amount, taxes) values ($1, $2, $3, $4, $5, $6);

-- name: billed_before
-- in:   bucket int, account blob, period int, by_period int
-- out:  by_period int, amount int, taxes blob
-- gives: many
select by_period, amount, taxes from billed
 where bucket = $1 and account = $2 and period = $3 and by_period < $4 order by by_period;

-- A price book that moves a closed period, at a place in the log of its own.
-- name: late_put
-- in:   bucket int, account blob, period int, seq int
-- gives: none
insert into late (bucket, account, period, seq, life) values ($1, $2, $3, $4, 2) on conflict do nothing;

-- name: late_first
-- in:   bucket int, account blob, above_k int, upto_k int
-- out:  period int
-- gives: one
select period from late where bucket = $1 and account = $2 and seq > $3 and seq <= $4 order by period, seq limit 1;

-- name: close_total_put
-- in:   period int, closed_us int, accounts int, invoices int, credit_notes int, total text, digest text, parked text
-- gives: none
insert into close_total (period, closed_us, accounts, invoices, credit_notes, total, digest, parked)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (period) do update set closed_us = excluded.closed_us, accounts = excluded.accounts,
    invoices = excluded.invoices, credit_notes = excluded.credit_notes, total = excluded.total,
    digest = excluded.digest, parked = excluded.parked;

-- name: close_total_get
-- in:   period int
-- out:  closed_us int, accounts int, invoices int, credit_notes int, total text, digest text, parked text
-- gives: one
select closed_us, accounts, invoices, credit_notes, total, digest, parked from close_total where period = $1;

-- name: closed_count
-- across: verify reads everything
-- out:  period int, total int
-- gives: many
select period, count(*) from closed group by period order by period;

-- name: close_digest_list
-- out:  digest text, period int, closed_us int
-- gives: many
select digest, period, closed_us from close_digest order by closed_us, digest;

-- name: close_total_list
-- out:  period int, closed_us int, accounts int, invoices int, credit_notes int, total text, digest text, parked text
-- gives: many
select period, closed_us, accounts, invoices, credit_notes, total, digest, parked from close_total order by period;

-- name: close_digest_put
-- in:   digest text, period int, closed_us int, heads blob
-- gives: none
insert into close_digest (digest, period, closed_us, heads) values ($1, $2, $3, $4) on conflict do nothing;

-- name: close_heads
-- in:   digest text
-- out:  period int, heads blob
-- gives: one
select period, heads from close_digest where digest = $1;

-- name: billed_all
-- in:   bucket int, account blob
-- out:  period int, by_period int, amount int, taxes blob
-- gives: many
select period, by_period, amount, taxes from billed where bucket = $1 and account = $2 order by by_period, period;

-- The first closed period from one on.
-- name: closed_from
-- in:   bucket int, account blob, period int
-- out:  period int, k int
-- gives: one
select period, k from closed where bucket = $1 and account = $2 and period >= $3 order by period limit 1;
