-- name: reject_last
-- out:  n int
-- gives: one
select coalesce(max(n), 0) from reject where bucket = 0;

-- name: reject_put
-- in:   n int, at_us int, idx int, event_id text, reason text, body text
-- gives: none
insert into reject (bucket, n, at_us, idx, event_id, reason, body) values (0, $1, $2, $3, $4, $5, $6);

-- name: reject_oldest
-- out:  n int, at_us int
-- gives: one
select n, at_us from reject where bucket = 0 order by n limit 1;

-- name: reject_prune
-- in:   upto_n int, before_us int
-- gives: none
delete from reject where bucket = 0 and n <= $1 and at_us < $2;

-- name: reject_page
-- in:   after_n int, limit int
-- out:  n int, at_us int, idx int, event_id text, reason text, body text
-- gives: many
select n, at_us, idx, event_id, reason, body from reject where bucket = 0 and n > $1 order by n limit $2;

-- name: reject_drop
-- in:   n int
-- gives: none
delete from reject where bucket = 0 and n = $1;

-- name: reject_count
-- out:  total int
-- gives: one
select count(*) from reject where bucket = 0;

-- name: reject_list
-- in:   limit int, offset int
-- out:  n int, at_us int, idx int, event_id text, reason text, body text
-- gives: many
select n, at_us, idx, event_id, reason, body from reject where bucket = 0 order by n desc limit $1 offset $2;

-- All of them lie in bucket 0.
-- name: reject_astray
-- across: verify reads everything
-- out:  total int
-- gives: one
select count(*) from reject where bucket <> 0;
