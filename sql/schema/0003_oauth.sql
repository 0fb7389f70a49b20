-- Applications that ask customers for tokens of their own, and what customers let them do.

-- reference: the applications
create table oauth_client (
    client_id text not null primary key,
    secret blob,                       -- SHA-256 of its secret; null: a public client, which can keep none
    name text not null,
    redirect_uris text not null,       -- one a line
    created_us integer not null,
    revoked_us integer not null        -- the highest integer: not
) strict;

-- reference: what an account lets an application do, from the consent on; gone when it ends. All its refresh tokens
-- begin alike, so that an old one is known for what it is though only the current one's digest is kept.
create table oauth_grant (
    grant_id text not null primary key,
    client_id text not null,
    bucket integer not null,
    account blob not null,
    giver text not null,               -- id of the personal token that consented: the grant ends with it
    scopes text not null,              -- blank-separated
    redirect_uri text not null,
    redirect_given integer not null,   -- 1: the request named it, so the exchange of the code must
    challenge text not null,           -- S256 of the application's verifier; empty without
    code blob not null unique,         -- SHA-256 of the code
    code_expires_us integer not null,
    used_us integer not null,          -- when the code was exchanged; the highest integer: not yet
    family blob unique,                -- SHA-256 of what its refresh tokens begin with; null before the exchange
    refresh blob,                      -- SHA-256 of the current one
    created_us integer not null
) strict;
create index oauth_grant_of on oauth_grant (client_id, account, created_us, grant_id);
create index oauth_grant_giver on oauth_grant (giver);
create index oauth_grant_waiting on oauth_grant (code_expires_us) where used_us = 9223372036854775807;

alter table token add column grant_id text; -- null: a personal token, or an operator's
create index token_grant on token (grant_id) where grant_id is not null;
