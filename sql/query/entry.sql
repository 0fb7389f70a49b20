-- name: entry_insert
-- in:   bucket int, account blob, n int, kind int, ref text, at_us int, receivable int, balance int, note text, body blob
-- gives: none
insert into entry (bucket, account, n, kind, ref, at_us, receivable, balance, note, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: entry_by_ref
-- in:   bucket int, account blob, kind int, ref text
-- out:  n int, at_us int, receivable int, balance int, note text, body blob
-- gives: one
select n, at_us, receivable, balance, note, body from entry
 where bucket = $1 and account = $2 and kind = $3 and ref = $4;

-- name: entry_each
-- in:   bucket int, account blob
-- out:  n int, kind int, ref text, at_us int, receivable int, balance int, note text, body blob
-- gives: each
select n, kind, ref, at_us, receivable, balance, note, body from entry
 where bucket = $1 and account = $2 order by n;

-- name: history_count
-- in:   bucket int, account blob
-- out:  total int
-- gives: one
select count(*) from entry where bucket = $1 and account = $2 and kind not in (8, 9);

-- name: history_page
-- in:   bucket int, account blob, limit int, offset int
-- out:  n int, kind int, at_us int, receivable int, note text, body blob
-- gives: many
select n, kind, at_us, receivable, note, body from entry
 where bucket = $1 and account = $2 and kind not in (8, 9)
 order by n desc limit $3 offset $4;

-- name: entry_last_at
-- in:   bucket int, account blob
-- out:  at_us int
-- gives: one
select at_us from entry where bucket = $1 and account = $2 order by n desc limit 1;

-- name: entry_get
-- in:   bucket int, account blob, n int
-- out:  kind int, at_us int, receivable int, balance int, note text, body blob
-- gives: one
select kind, at_us, receivable, balance, note, body from entry where bucket = $1 and account = $2 and n = $3;
