-- name: meta_insert
-- in:   buckets int, hash_key blob
-- gives: none
insert into meta (id, buckets, kind, clock_us, hash_key, book_id, book_n, sealed_batch, sealed_max_us, run, sealing_to)
values (1, $1, '', 0, $2, x'', 0, 0, 0, 0, 0) on conflict do nothing;

-- name: meta_get
-- out:  buckets int, hash_key blob, sealed_batch int, sealed_max_us int, run int, sealing_to int
-- gives: one
select buckets, hash_key, sealed_batch, sealed_max_us, run, sealing_to from meta where id = 1;

-- What a reading view begins with: it fixes the view and says what is sealed in it.
-- name: meta_view
-- out:  sealed_batch int, run int
-- gives: one
select sealed_batch, run from meta where id = 1;

-- name: meta_sealing_set
-- in:   sealing_to int
-- gives: none
update meta set sealing_to = $1 where id = 1;

-- name: meta_sealed_set
-- in:   sealed_batch int, sealed_max_us int, run int
-- gives: none
update meta set sealed_batch = $1, sealed_max_us = $2, run = $3, sealing_to = 0 where id = 1;

-- name: meta_format
-- out:  format int
-- gives: one
select format from meta where id = 1;

-- name: meta_format_set
-- in:   format int
-- gives: none
update meta set format = $1 where id = 1;
