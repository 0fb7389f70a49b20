-- Roles that one process at a time has, where many work on one database.

-- reference: who has a role. Its holder counts on; when the count stands still, the holder is gone
create table holder (
    role text not null primary key,    -- volumes
    process blob not null,             -- 16 random bytes
    beat integer not null
) strict, without rowid;
