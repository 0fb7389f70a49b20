-- The same sealing run twice writes the same rows.
-- name: life_put
-- in:   bucket int, account blob, time_us int, seq int, type int, run int, resource blob, body blob
-- gives: none
insert into life (bucket, account, time_us, seq, type, run, resource, body) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing;

-- name: life_span
-- in:   bucket int, account blob, from_us int, before_us int, k int, run int
-- out:  time_us int, seq int, type int, run_n int, body blob
-- gives: each
select time_us, seq, type, run, body from life
 where bucket = $1 and account = $2 and time_us >= $3 and time_us < $4 and seq <= $5 and run <= $6
 order by time_us, seq;

-- Changes of the account itself (type 5), whatever their time.
-- name: life_face
-- in:   bucket int, account blob, k int, run int
-- out:  time_us int, seq int, run_n int, body blob
-- gives: each
select time_us, seq, run, body from life
 where bucket = $1 and account = $2 and type = 5 and seq <= $3 and run <= $4
 order by time_us, seq;

-- Births and deaths of a resource up to an instant, last first. The index has all of it.
-- name: life_of_resource
-- in:   bucket int, account blob, resource blob, upto_us int, run int
-- out:  time_us int, seq int, type int
-- gives: each
select time_us, seq, type from life
 where bucket = $1 and account = $2 and resource = $3 and time_us <= $4 and run <= $5 and type in (1, 3)
 order by time_us desc, seq desc;

-- name: life_body
-- in:   bucket int, account blob, time_us int, seq int
-- out:  body blob
-- gives: one
select body from life where bucket = $1 and account = $2 and time_us = $3 and seq = $4;

-- name: life_all
-- across: verify reads everything
-- out:  bucket int, account blob, time_us int, seq int, type int, run_n int, resource blob, body blob
-- gives: each
select bucket, account, time_us, seq, type, run, resource, body from life order by bucket, account, time_us, seq;

-- What a sealing wrote of an account, in the order in which it was written.
-- name: life_of_run
-- in:   bucket int, account blob, run int
-- out:  body blob
-- gives: each
select body from life where bucket = $1 and account = $2 and run = $3 order by seq, time_us;

-- name: life_first
-- in:   bucket int, account blob
-- out:  time_us int
-- gives: one
select time_us from life where bucket = $1 and account = $2 and type in (1, 2, 3) order by time_us, seq limit 1;

-- name: life_next
-- in:   bucket int, account blob, from_us int, k int, run int
-- out:  time_us int, seq int
-- gives: one
select time_us, seq from life
 where bucket = $1 and account = $2 and time_us >= $3 and seq <= $4 and run <= $5 order by time_us, seq limit 1;
