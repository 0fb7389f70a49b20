-- name: own_any
-- across: is there any at all
-- out:  n int
-- gives: one
select count(*) as n from (select 1 from own limit 1) as found;

-- name: own_get
-- in:   bucket int, account blob, resource blob
-- out:  kind text, driver text, gone_us int
-- gives: one
select kind, driver, gone_us from own where bucket = $1 and account = $2 and resource = $3;

-- name: own_list
-- in:   bucket int, account blob
-- out:  resource blob, kind text, driver text
-- gives: many
select resource, kind, driver from own
 where bucket = $1 and account = $2 and gone_us = 9223372036854775807 order by resource;

-- name: own_put
-- in:   bucket int, account blob, resource blob, kind text, driver text
-- gives: none
insert into own (bucket, account, resource, kind, driver, gone_us) values ($1, $2, $3, $4, $5, 9223372036854775807);

-- name: own_gone
-- in:   bucket int, account blob, resource blob, gone_us int
-- gives: none
update own set gone_us = $4 where bucket = $1 and account = $2 and resource = $3;

-- name: own_living
-- across: a driver compares all it holds with all that is known, once at the start
-- in:   driver text
-- out:  resource blob, kind text
-- gives: each
select resource, kind from own where driver = $1 and gone_us = 9223372036854775807 order by bucket, account, resource;
