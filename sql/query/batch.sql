-- name: batch_insert
-- in:   bucket int, batch int, n int, min_us int, max_us int, keys blob, body blob
-- gives: none
insert into batch (bucket, batch, n, min_us, max_us, keys, body) values ($1, $2, $3, $4, $5, $6, $7);

-- name: batch_get
-- in:   bucket int, batch int
-- out:  body blob
-- gives: one
select body from batch where bucket = $1 and batch = $2;

-- name: batch_keys
-- in:   bucket int
-- out:  batch int, n int, keys blob
-- gives: each
select batch, n, keys from batch where bucket = $1 order by batch;

-- name: batch_last
-- in:   bucket int
-- out:  batch int
-- gives: one
select coalesce(max(batch), 0) from batch where bucket = $1;

-- name: batch_after
-- in:   bucket int, batch int
-- out:  batch int, n int, min_us int, max_us int, keys blob, body blob
-- gives: each
select batch, n, min_us, max_us, keys, body from batch where bucket = $1 and batch > $2 order by batch;
