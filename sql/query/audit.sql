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
