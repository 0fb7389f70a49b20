-- name: audit_insert
-- in:   at_us int, actor text, action text, subject text, detail text
-- gives: none
insert into audit (at_us, actor, action, subject, detail) values ($1, $2, $3, $4, $5);

-- name: audit_page
-- in:   limit int, offset int
-- out:  n int, at_us int, actor text, action text, subject text, detail text
-- gives: many
select n, at_us, actor, action, subject, detail from audit order by n desc limit $1 offset $2;

-- name: audit_count
-- out:  total int
-- gives: one
select count(*) from audit;

-- name: idempotency_get
-- in:   bucket int, account blob, key text
-- out:  request blob, status int, body text, at_us int
-- gives: one
select request, status, body, at_us from idempotency where bucket = $1 and account = $2 and key = $3;

-- name: idempotency_put
-- in:   bucket int, account blob, key text, request blob, status int, body text, at_us int
-- gives: none
insert into idempotency (bucket, account, key, request, status, body, at_us) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (bucket, account, key) do update set request = excluded.request, status = excluded.status,
    body = excluded.body, at_us = excluded.at_us;
