-- name: oauth_client_insert
-- in:   client_id text, secret blob, name text, redirect_uris text, created_us int
-- gives: none
insert into oauth_client (client_id, secret, name, redirect_uris, created_us, revoked_us)
values ($1, $2, $3, $4, $5, 9223372036854775807);

-- name: oauth_client_get
-- in:   client_id text
-- out:  secret blob, name text, redirect_uris text, created_us int, revoked_us int
-- gives: one
select secret, name, redirect_uris, created_us, revoked_us from oauth_client where client_id = $1;

-- name: oauth_client_list
-- out:  client_id text, secret blob, name text, redirect_uris text, created_us int, revoked_us int
-- gives: many
select client_id, secret, name, redirect_uris, created_us, revoked_us from oauth_client
 order by created_us, client_id;

-- name: oauth_client_revoke
-- in:   client_id text, revoked_us int
-- gives: none
update oauth_client set revoked_us = $2 where client_id = $1 and revoked_us > $2;

-- name: token_delete_of_client
-- in:   client_id text
-- gives: none
delete from token where grant_id in (select grant_id from oauth_grant where client_id = $1);

-- name: oauth_grant_delete_of_client
-- in:   client_id text
-- gives: none
delete from oauth_grant where client_id = $1;

-- name: oauth_grant_insert
-- in:   grant_id text, client_id text, bucket int, account blob, giver text, scopes text, redirect_uri text, redirect_given int, challenge text, code blob, code_expires_us int, created_us int
-- gives: none
insert into oauth_grant (grant_id, client_id, bucket, account, giver, scopes, redirect_uri, redirect_given, challenge,
                         code, code_expires_us, used_us, family, refresh, created_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 9223372036854775807, null, null, $12);

-- name: oauth_grant_newest
-- in:   client_id text, account blob
-- out:  created_us int
-- gives: one
select created_us from oauth_grant where client_id = $1 and account = $2
 order by created_us desc, grant_id desc limit 1;

-- name: oauth_grant_by_code
-- in:   code blob
-- out:  grant_id text, client_id text, account blob, giver text, scopes text, redirect_uri text, redirect_given int, challenge text, code_expires_us int, used_us int
-- gives: one
select grant_id, client_id, account, giver, scopes, redirect_uri, redirect_given, challenge, code_expires_us, used_us
  from oauth_grant where code = $1;

-- name: oauth_grant_by_family
-- in:   family blob
-- out:  grant_id text, client_id text, account blob, giver text, scopes text, refresh blob, created_us int
-- gives: one
select grant_id, client_id, account, giver, scopes, refresh, created_us from oauth_grant where family = $1;

-- name: oauth_grant_client
-- in:   grant_id text
-- out:  client_id text
-- gives: one
select client_id from oauth_grant where grant_id = $1;

-- name: oauth_grant_exchange (of many at once, one changes a row)
-- in:   grant_id text, used_us int, family blob, refresh blob
-- counts: yes
-- gives: none
update oauth_grant set used_us = $2, family = $3, refresh = $4
 where grant_id = $1 and used_us = 9223372036854775807;

-- name: oauth_grant_rotate (likewise)
-- in:   grant_id text, old blob, refresh blob
-- counts: yes
-- gives: none
update oauth_grant set refresh = $3 where grant_id = $1 and refresh = $2;

-- name: oauth_grant_delete_unused
-- in:   now_us int
-- gives: none
delete from oauth_grant where used_us = 9223372036854775807 and code_expires_us <= $1;

-- name: token_delete_of_grant
-- in:   grant_id text
-- gives: none
delete from token where grant_id = $1;

-- name: oauth_grant_delete
-- in:   grant_id text
-- gives: none
delete from oauth_grant where grant_id = $1;

-- name: token_delete_of_giver
-- in:   giver text
-- gives: none
delete from token where grant_id in (select grant_id from oauth_grant where giver = $1);

-- name: oauth_grant_delete_of_giver
-- in:   giver text
-- gives: none
delete from oauth_grant where giver = $1;

-- name: token_delete_of_older
-- in:   client_id text, account blob, kept int
-- counts: yes
-- gives: none
delete from token where grant_id in (
    select grant_id from oauth_grant where client_id = $1 and account = $2
     order by created_us desc, grant_id desc limit 1000 offset $3);

-- name: oauth_grant_delete_older
-- in:   client_id text, account blob, kept int
-- gives: none
delete from oauth_grant where grant_id in (
    select grant_id from oauth_grant where client_id = $1 and account = $2
     order by created_us desc, grant_id desc limit 1000 offset $3);

-- name: token_newest_of_grant
-- in:   grant_id text
-- out:  created_us int
-- gives: one
select created_us from token where grant_id = $1 order by created_us desc, token_id limit 1;

-- name: token_delete_but_newest
-- in:   grant_id text, now_us int, kept int
-- counts: yes
-- gives: none
delete from token where grant_id = $1 and token_id not in (
    select token_id from token where grant_id = $1 and expires_us > $2
     order by created_us desc, token_id desc limit $3);
