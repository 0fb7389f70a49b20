-- name: app_get
-- in:   bucket int, account blob, app blob
-- out:  account blob, app blob, name text, region text, tier_slug text, spec blob, created_us int, gone_us int, last_n int, active_n int, pin_n int, pin_spec blob
-- gives: one
select account, app, name, region, tier_slug, spec, created_us, gone_us, last_n, active_n, pin_n, pin_spec from app
 where bucket = $1 and account = $2 and app = $3;

-- An app names its bucket, so that the operator may leave out whose it is.
-- name: app_find
-- in:   bucket int, app blob
-- out:  account blob
-- gives: one
select account from app where bucket = $1 and app = $2 order by account limit 1;

-- name: app_page
-- across: the operator lists the apps of all customers
-- in:   limit int, offset int
-- out:  bucket int, account blob, app blob
-- gives: many
select bucket, account, app from app where gone_us = 9223372036854775807
 order by bucket, account, app limit $1 offset $2;

-- name: app_count
-- across: the operator lists the apps of all customers
-- out:  n int
-- gives: one
select count(*) as n from app where gone_us = 9223372036854775807;

-- name: app_of_account_page
-- in:   bucket int, account blob, limit int, offset int
-- out:  bucket int, account blob, app blob
-- gives: many
select bucket, account, app from app
 where bucket = $1 and account = $2 and gone_us = 9223372036854775807 order by app limit $3 offset $4;

-- name: app_of_account_count
-- in:   bucket int, account blob
-- out:  n int
-- gives: one
select count(*) as n from app where bucket = $1 and account = $2 and gone_us = 9223372036854775807;

-- name: app_put
-- in:   bucket int, account blob, app blob, name text, region text, tier_slug text, spec blob, created_us int
-- gives: none
insert into app (bucket, account, app, name, region, tier_slug, spec, created_us, gone_us, last_n, active_n, pin_n, pin_spec)
values ($1, $2, $3, $4, $5, $6, $7, $8, 9223372036854775807, 0, 0, 0, x'');

-- name: app_set
-- in:   bucket int, account blob, app blob, spec blob, last_n int, active_n int, pin_n int, pin_spec blob
-- gives: none
update app set spec = $4, last_n = $5, active_n = $6, pin_n = $7, pin_spec = $8
 where bucket = $1 and account = $2 and app = $3;

-- name: app_gone
-- in:   bucket int, account blob, app blob, gone_us int
-- gives: none
update app set gone_us = $4 where bucket = $1 and account = $2 and app = $3;

-- name: app_spec_get
-- in:   bucket int, account blob, spec blob
-- out:  body text
-- gives: one
select body from app_spec where bucket = $1 and account = $2 and spec = $3;

-- name: app_spec_put
-- in:   bucket int, account blob, spec blob, body text
-- gives: none
insert into app_spec (bucket, account, spec, body) values ($1, $2, $3, $4) on conflict do nothing;

-- name: app_work_get
-- in:   bucket int, account blob, app blob
-- out:  n int, beat int
-- gives: one
select n, beat from app_work where bucket = $1 and account = $2 and app = $3;

-- name: app_work_put
-- in:   bucket int, account blob, app blob, n int, since_us int
-- gives: none
insert into app_work (bucket, account, app, n, since_us) values ($1, $2, $3, $4, $5);

-- name: app_work_beat
-- in:   bucket int, account blob, app blob, beat int
-- gives: none
update app_work set beat = $4 where bucket = $1 and account = $2 and app = $3;

-- name: app_work_drop
-- in:   bucket int, account blob, app blob
-- gives: none
delete from app_work where bucket = $1 and account = $2 and app = $3;

-- What waits or is being worked at, oldest first.
-- name: app_work_list
-- across: agents serve all customers
-- out:  bucket int, account blob, app blob, n int, beat int
-- gives: each
select bucket, account, app, n, beat from app_work order by since_us, bucket, account, app;
