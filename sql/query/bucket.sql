-- name: bucket_put
-- in:   bucket int, seq int
-- gives: none
insert into bucket (bucket, seq) values ($1, $2) on conflict (bucket) do update set seq = excluded.seq;

-- name: bucket_seq
-- in:   bucket int
-- out:  seq int
-- gives: one
select seq from bucket where bucket = $1;

-- name: bucket_all
-- across: memory is made at start
-- out:  bucket int, seq int
-- gives: each
select bucket, seq from bucket order by bucket;

-- What the store keeps of every account in memory.
-- name: bucket_accounts
-- across: memory is made at start
-- out:  bucket int, account blob, billing_from_us int, closed_period int
-- gives: each
select bucket, account, billing_from_us, closed_period from account order by bucket, account;

-- name: bucket_account
-- in:   bucket int, account blob
-- out:  billing_from_us int
-- gives: one
select billing_from_us from account where bucket = $1 and account = $2;
