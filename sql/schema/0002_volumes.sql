-- Resources that the API makes, the volumes among them, and what is being asked of their drivers. What a resource is
-- worth billing (kind, SKU, size, region, name, tags, from when to when) stands in its facts and nowhere else.

-- bucketed: resources made here; a row stays when its resource is gone, so that nobody else's fact can name it
create table own (
    bucket integer not null,
    account blob not null,
    resource blob not null,
    kind text not null,                -- volume, snapshot, app
    driver text not null,              -- what holds it: record, image, exec
    gone_us integer not null,          -- the highest integer: it lives
    primary key (bucket, account, resource)
) strict, without rowid;

-- bucketed: what the facts of a volume do not say
create table volume (
    bucket integer not null,
    account blob not null,
    volume blob not null,
    description text not null,
    fs_type text not null,             -- ext4, xfs, or empty
    fs_label text not null,
    droplet blob not null,             -- the resource it is attached to, or empty
    attached_us integer not null,      -- since then; one that was born later is another
    snapped_us integer not null,       -- its last snapshot was made then; 0: none was
    primary key (bucket, account, volume)
) strict, without rowid;

-- bucketed: what the facts of a snapshot do not say
create table snapshot (
    bucket integer not null,
    account blob not null,
    snapshot blob not null,
    volume blob not null,              -- what it was made of; that may be gone
    fs_type text not null,
    fs_label text not null,
    primary key (bucket, account, snapshot)
) strict, without rowid;

-- bucketed: numbers given to operations, so that one number names one effect for ever
create table operation_number (
    bucket integer not null primary key,
    n integer not null                 -- given last
) strict;

-- bucketed: what a driver has been asked and has not finished; a crash leaves it here
create table operation (
    bucket integer not null,
    account blob not null,
    n integer not null,
    op text not null,                  -- create, clone, resize, snapshot, delete, delete_snapshot, attach, detach;
                                       -- undo_volume, undo_snapshot: what came to nothing and could not be removed
    driver text not null,
    volume blob not null,
    snapshot blob not null,            -- or empty
    gib integer not null,
    fs_type text not null,
    fs_label text not null,
    droplet blob not null,             -- or empty
    droplet_id integer not null,       -- or 0
    region text not null,
    primary key (bucket, account, n)
) strict, without rowid;

-- bucketed: actions of volumes, as customers see them
create table action (
    bucket integer not null,
    account blob not null,
    n integer not null,                -- the operation's number
    volume blob not null,
    type text not null,                -- attach_volume, detach_volume, resize_volume
    region text not null,
    status text not null,              -- in-progress, completed, errored
    started_us integer not null,
    completed_us integer not null,     -- the highest integer: not yet
    primary key (bucket, account, n)
) strict, without rowid;
create index action_volume on action (bucket, account, volume, n);
