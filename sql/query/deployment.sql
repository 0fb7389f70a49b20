-- name: deployment_get
-- in:   bucket int, account blob, app blob, n int
-- out:  n int, deployment blob, type text, cause text, force_build int, cloned_from blob, tier_slug text, spec blob, phase text, reached text, error text, created_us int, phase_us int, lease blob
-- gives: one
select n, deployment, type, cause, force_build, cloned_from, tier_slug, spec, phase, reached, error, created_us, phase_us,
       lease
  from deployment where bucket = $1 and account = $2 and app = $3 and n = $4;

-- name: deployment_find
-- in:   bucket int, account blob, app blob, deployment blob
-- out:  n int
-- gives: one
select n from deployment where bucket = $1 and account = $2 and app = $3 and deployment = $4;

-- Newest first.
-- name: deployment_page
-- in:   bucket int, account blob, app blob, limit int, offset int
-- out:  n int
-- gives: many
select n from deployment where bucket = $1 and account = $2 and app = $3 order by n desc limit $4 offset $5;

-- name: deployment_count
-- in:   bucket int, account blob, app blob
-- out:  n int
-- gives: one
select count(*) as n from deployment where bucket = $1 and account = $2 and app = $3;

-- What each is of, for those who want some types only.
-- name: deployment_types
-- in:   bucket int, account blob, app blob
-- out:  n int, type text
-- gives: each
select n, type from deployment where bucket = $1 and account = $2 and app = $3 order by n desc;

-- How many that have been ACTIVE are newer than one.
-- name: deployment_back
-- in:   bucket int, account blob, app blob, n int
-- out:  back int
-- gives: one
select count(*) as back from deployment
 where bucket = $1 and account = $2 and app = $3 and n > $4 and reached = 'ACTIVE';

-- name: deployment_put
-- in:   bucket int, account blob, app blob, n int, deployment blob, type text, cause text, force_build int, cloned_from blob, tier_slug text, spec blob, phase text, reached text, created_us int, phase_us int
-- gives: none
insert into deployment (bucket, account, app, n, deployment, type, cause, force_build, cloned_from, tier_slug, spec, phase,
                        reached, error, created_us, phase_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', $14, $15);

-- name: deployment_lease
-- in:   bucket int, account blob, app blob, n int, lease blob
-- gives: none
update deployment set lease = $5 where bucket = $1 and account = $2 and app = $3 and n = $4;

-- name: deployment_move
-- in:   bucket int, account blob, app blob, n int, phase text, reached text, error text, phase_us int
-- gives: none
update deployment set phase = $5, reached = $6, error = $7, phase_us = $8
 where bucket = $1 and account = $2 and app = $3 and n = $4;
