-- The same sealing run twice writes the same rows.
-- name: text_put
-- in:   bucket int, account blob, run int, part int, body blob
-- gives: none
insert into fact_text (bucket, account, run, part, body) values ($1, $2, $3, $4, $5) on conflict do nothing;

-- name: text_of_run
-- in:   bucket int, account blob, run int
-- out:  body blob
-- gives: each
select body from fact_text where bucket = $1 and account = $2 and run = $3 order by part;

-- name: batch_text_put
-- in:   bucket int, batch int, body blob
-- gives: none
insert into batch_text (bucket, batch, body) values ($1, $2, $3);

-- name: batch_text_get
-- in:   bucket int, batch int
-- out:  body blob
-- gives: one
select body from batch_text where bucket = $1 and batch = $2;

-- name: batch_text_drop
-- in:   bucket int, upto int
-- gives: none
delete from batch_text where bucket = $1 and batch <= $2;

-- name: text_all
-- across: verify reads everything
-- out:  bucket int, account blob, run_n int, part int, body blob
-- gives: each
select bucket, account, run, part, body from fact_text order by bucket, account, run, part;

-- name: batch_text_count
-- across: verify reads everything
-- out:  total int
-- gives: one
select count(*) from batch_text;
