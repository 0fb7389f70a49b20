-- name: retraction_put
-- in:   bucket int, account blob, target_source text, target_id text, seq int, target_seq int, target_us int, effective_seq int
-- gives: none
insert into retraction (bucket, account, target_source, target_id, seq, target_seq, target_us, effective_seq)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: retraction_meet
-- in:   bucket int, account blob, target_source text, target_id text, target_seq int, target_us int
-- counts: yes
-- gives: none
update retraction set target_seq = $5, target_us = $6, effective_seq = case when seq > $5 then seq else $5 end
 where bucket = $1 and account = $2 and target_source = $3 and target_id = $4 and target_seq = 0;

-- name: retraction_of
-- in:   bucket int, account blob, k int
-- out:  target_seq int, target_us int, effective_seq int
-- gives: many
select target_seq, target_us, min(effective_seq) from retraction
 where bucket = $1 and account = $2 and target_seq > 0 and effective_seq <= $3
 group by target_seq, target_us order by target_seq, target_us;

-- name: retraction_all
-- across: memory is made at start
-- out:  bucket int, account blob, target_source text, target_id text, target_seq int
-- gives: each
select bucket, account, target_source, target_id, target_seq from retraction
 order by bucket, account, target_source, target_id, seq;

-- name: retraction_each
-- across: verify reads everything
-- out:  account blob, target_source text, target_id text, seq int, target_seq int, target_us int, effective_seq int
-- gives: each
select account, target_source, target_id, seq, target_seq, target_us, effective_seq from retraction
 order by bucket, account, target_source, target_id, seq;

-- name: retraction_list
-- in:   bucket int, account blob
-- out:  account blob, target_source text, target_id text, target_seq int
-- gives: each
select account, target_source, target_id, target_seq from retraction
 where bucket = $1 and account = $2 order by target_source, target_id, seq;
