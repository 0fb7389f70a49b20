-- name: volume_list
-- in:   bucket int, account blob
-- out:  volume blob, description text, fs_type text, fs_label text, droplet blob, attached_us int, snapped_us int
-- gives: many
select volume, description, fs_type, fs_label, droplet, attached_us, snapped_us from volume
 where bucket = $1 and account = $2 order by volume;

-- name: volume_put
-- in:   bucket int, account blob, volume blob, description text, fs_type text, fs_label text
-- gives: none
insert into volume (bucket, account, volume, description, fs_type, fs_label, droplet, attached_us, snapped_us)
values ($1, $2, $3, $4, $5, $6, x'', 0, 0);

-- name: volume_droplet
-- in:   bucket int, account blob, volume blob, droplet blob, attached_us int
-- gives: none
update volume set droplet = $4, attached_us = $5 where bucket = $1 and account = $2 and volume = $3;

-- name: volume_snapped
-- in:   bucket int, account blob, volume blob, snapped_us int
-- gives: none
update volume set snapped_us = $4 where bucket = $1 and account = $2 and volume = $3;

-- name: volume_drop
-- in:   bucket int, account blob, volume blob
-- gives: none
delete from volume where bucket = $1 and account = $2 and volume = $3;

-- name: snapshot_list
-- in:   bucket int, account blob
-- out:  snapshot blob, volume blob, fs_type text, fs_label text, least_gib int
-- gives: many
select snapshot, volume, fs_type, fs_label, least_gib from snapshot where bucket = $1 and account = $2 order by snapshot;

-- name: snapshot_put
-- in:   bucket int, account blob, snapshot blob, volume blob, fs_type text, fs_label text, least_gib int
-- gives: none
insert into snapshot (bucket, account, snapshot, volume, fs_type, fs_label, least_gib) values ($1, $2, $3, $4, $5, $6, $7);

-- name: snapshot_drop
-- in:   bucket int, account blob, snapshot blob
-- gives: none
delete from snapshot where bucket = $1 and account = $2 and snapshot = $3;
