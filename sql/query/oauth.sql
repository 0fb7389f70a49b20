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
