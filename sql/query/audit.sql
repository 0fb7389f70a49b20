-- name: audit_insert
-- in:   n int, at_us int, actor text, action text, subject text, detail text, hash blob
-- gives: none
insert into audit (n, at_us, actor, action, subject, detail, hash) values ($1, $2, $3, $4, $5, $6, $7);

-- name: audit_last
-- out:  n int, hash blob
-- gives: one
select n, hash from audit order by n desc limit 1;

-- name: audit_each
-- out:  n int, at_us int, actor text, action text, subject text, detail text, hash blob
-- gives: each
select n, at_us, actor, action, subject, detail, hash from audit order by n;

-- name: audit_page
-- in:   limit int, offset int
-- out:  n int, at_us int, actor text, action text, subject text, detail text
-- gives: many
select n, at_us, actor, action, subject, detail from audit order by n desc limit $1 offset $2;

-- name: audit_count
-- out:  total int
-- gives: one
select count(*) from audit;
