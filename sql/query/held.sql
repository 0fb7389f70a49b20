-- name: held_insert
-- in:   bucket int, account blob, seq int, granted_us int, expires_us int, amount int, note text
-- gives: none
insert into held (bucket, account, seq, granted_us, expires_us, amount, used, note, done)
values ($1, $2, $3, $4, $5, $6, 0, $7, 0);

-- name: held_open
-- in:   bucket int, account blob
-- out:  seq int, granted_us int, expires_us int, amount int, used int, note text
-- gives: many
select seq, granted_us, expires_us, amount, used, note from held
 where bucket = $1 and account = $2 and done = 0 order by seq;

-- name: held_all
-- in:   bucket int, account blob
-- out:  seq int, granted_us int, expires_us int, amount int, used int, note text, done int
-- gives: many
select seq, granted_us, expires_us, amount, used, note, done from held
 where bucket = $1 and account = $2 order by seq;

-- name: held_set
-- in:   bucket int, account blob, seq int, used int, done int
-- gives: none
update held set used = $4, done = $5 where bucket = $1 and account = $2 and seq = $3;

-- name: manual_insert
-- in:   bucket int, account blob, seq int, at_us int, amount int, ref text, note text
-- gives: none
insert into manual (bucket, account, seq, at_us, amount, ref, note) values ($1, $2, $3, $4, $5, $6, $7);

-- name: manual_between
-- in:   bucket int, account blob, above_k int, upto_k int
-- out:  seq int, at_us int, amount int, ref text, note text
-- gives: many
select seq, at_us, amount, ref, note from manual
 where bucket = $1 and account = $2 and seq > $3 and seq <= $4 order by seq;

-- name: manual_by_ref
-- in:   bucket int, account blob, ref text
-- out:  seq int, at_us int, amount int, note text
-- gives: one
select seq, at_us, amount, note from manual where bucket = $1 and account = $2 and ref = $3;

-- The places in the log that are no facts': those of credits, adjustments, and marks of a price book's.
-- name: seqs_beside
-- across: verify reads everything
-- out:  bucket int, seq int, n int
-- gives: each
select bucket, seq, count(*)
  from (select bucket, seq from held
        union all select bucket, seq from manual
        union all select bucket, seq from late where life = 2) as places
 group by bucket, seq order by bucket, seq;

-- name: manual_get
-- in:   bucket int, account blob, seq int
-- out:  at_us int
-- gives: one
select at_us from manual where bucket = $1 and account = $2 and seq = $3;

-- name: manual_at
-- in:   bucket int, account blob, at_us int
-- out:  seq int, amount int, ref text
-- gives: many
select seq, amount, ref from manual where bucket = $1 and account = $2 and at_us = $3 order by seq;

-- name: manual_count
-- across: verify reads everything
-- out:  total int
-- gives: one
select count(*) from manual;
