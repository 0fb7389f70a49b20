-- Apps, their deployments, and those of them that wait for an agent. An app is billed by its facts; what stands here is
-- what its facts do not say, and its name and region as they were given.

-- bucketed: apps; a row stays when its app is gone, with its deployments
create table app (
    bucket integer not null,
    account blob not null,
    app blob not null,
    name text not null,
    region text not null,
    tier_slug text not null,
    spec blob not null,                -- the newest it was given
    created_us integer not null,
    gone_us integer not null,          -- the highest integer: it lives
    last_n integer not null,           -- the number its newest deployment has
    active_n integer not null,         -- what runs, or 0
    pin_n integer not null,            -- the rollback that pins it, or 0
    pin_spec blob not null,            -- the spec before that rollback, or empty
    primary key (bucket, account, app)
) strict, without rowid;

-- bucketed: the texts of specs, each once an account, named by their SHA-256
create table app_spec (
    bucket integer not null,
    account blob not null,
    spec blob not null,
    body text not null,
    primary key (bucket, account, spec)
) strict, without rowid;

-- bucketed: deployments, numbered within their app as they were made
create table deployment (
    bucket integer not null,
    account blob not null,
    app blob not null,
    n integer not null,
    deployment blob not null,
    type text not null,
    cause text not null,
    force_build integer not null,      -- 0 or 1
    cloned_from blob not null,         -- a deployment, or empty
    tier_slug text not null,
    spec blob not null,
    phase text not null,
    reached text not null,             -- the furthest phase of those from PENDING_BUILD to ACTIVE
    error text not null,               -- what the agent said when it failed
    created_us integer not null,
    phase_us integer not null,         -- when the phase last changed; the lowest integer: never yet
    primary key (bucket, account, app, n)
) strict, without rowid;
create unique index deployment_id on deployment (bucket, account, app, deployment);

-- bucketed: the deployment of an app that has not finished; there is one at most
create table app_work (
    bucket integer not null,
    account blob not null,
    app blob not null,
    n integer not null,
    since_us integer not null,
    primary key (bucket, account, app)
) strict, without rowid;
