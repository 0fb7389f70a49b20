-- name: org_insert
-- in:   org blob, name text, created_us int
-- gives: none
insert into org (org, name, created_us) values ($1, $2, $3);

-- name: org_get
-- in:   org blob
-- out:  name text, created_us int
-- gives: one
select name, created_us from org where org = $1;

-- name: org_list
-- out:  org blob, name text, created_us int
-- gives: many
select org, name, created_us from org order by org;

-- name: org_count
-- out:  total int
-- gives: one
select count(*) from org;
