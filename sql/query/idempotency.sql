-- name: idempotency_get
-- in:   bucket int, account blob, key text
-- out:  request blob, answer blob, at_us int
-- gives: one
select request, answer, at_us from idempotency where bucket = $1 and account = $2 and key = $3;

-- name: idempotency_put
-- in:   bucket int, account blob, key text, request blob, answer blob, at_us int
-- gives: none
insert into idempotency (bucket, account, key, request, answer, at_us) values ($1, $2, $3, $4, $5, $6)
on conflict (bucket, account, key) do update set request = excluded.request, answer = excluded.answer,
    at_us = excluded.at_us;

-- name: idempotency_forget
-- in:   bucket int, account blob, before_us int
-- gives: none
delete from idempotency where bucket = $1 and account = $2 and at_us <= $3;

-- name: idempotency_all
-- in:   bucket int, account blob
-- out:  key text, request blob, answer blob, at_us int
-- gives: many
select key, request, answer, at_us from idempotency where bucket = $1 and account = $2 order by key;
