-- name: token_insert
-- in:   digest blob, token_id text, dialect text, bucket int, account blob, org blob, scopes text, name text, created_us int, expires_us int, grant_id text
-- gives: none
insert into token (digest, token_id, dialect, bucket, account, org, scopes, name, created_us, expires_us, revoked_us,
                   grant_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 9223372036854775807, $11);

-- name: token_get
-- in:   digest blob
-- out:  token_id text, dialect text, account blob, org blob, scopes text, created_us int, expires_us int, revoked_us int, grant_id text
-- gives: one
select token_id, dialect, account, org, scopes, created_us, expires_us, revoked_us, grant_id from token
 where digest = $1;

-- name: token_list
-- out:  token_id text, dialect text, account blob, org blob, scopes text, name text, created_us int, expires_us int, revoked_us int
-- gives: many
select token_id, dialect, account, org, scopes, name, created_us, expires_us, revoked_us from token
 order by created_us, token_id;

-- name: token_revoke
-- in:   token_id text, revoked_us int
-- counts: yes
-- gives: none
update token set revoked_us = $2 where token_id = $1 and revoked_us > $2;

-- name: token_by_id
-- in:   token_id text
-- out:  expires_us int, revoked_us int, grant_id text
-- gives: one
select expires_us, revoked_us, grant_id from token where token_id = $1;

-- Tokens of an owner that is not there, or of more or fewer owners than one (operators' have none).
-- name: token_astray
-- across: verify reads everything
-- out:  total int
-- gives: one
select count(*) from token as t
 where (t.account is null and t.bucket <> 0)
    or (t.account is not null and not exists (select 1 from account as a where a.bucket = t.bucket and a.account = t.account))
    or (t.org is not null and not exists (select 1 from org as o where o.org = t.org))
    or (t.account is not null and t.org is not null)
    or ((t.account is null and t.org is null) <> (t.dialect = 'operator'));
