-- name: operation_number_get
-- in:   bucket int
-- out:  n int
-- gives: one
select n from operation_number where bucket = $1;

-- name: operation_number_put
-- in:   bucket int, n int
-- gives: none
insert into operation_number (bucket, n) values ($1, $2) on conflict (bucket) do update set n = $2;

-- name: operation_put
-- in:   bucket int, account blob, n int, op text, driver text, volume blob, snapshot blob, gib int, fs_type text, fs_label text, droplet blob, droplet_id int, region text
-- gives: none
insert into operation (bucket, account, n, op, driver, volume, snapshot, gib, fs_type, fs_label, droplet, droplet_id, region)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: operation_turn
-- in:   bucket int, account blob, n int, op text
-- gives: none
update operation set op = $4 where bucket = $1 and account = $2 and n = $3;

-- name: operation_drop
-- in:   bucket int, account blob, n int
-- gives: none
delete from operation where bucket = $1 and account = $2 and n = $3;

-- name: operation_list
-- in:   bucket int, account blob
-- out:  n int, op text, volume blob, snapshot blob, droplet blob
-- gives: many
select n, op, volume, snapshot, droplet from operation where bucket = $1 and account = $2 order by n;

-- name: operation_get
-- in:   bucket int, account blob, n int
-- out:  op text, volume blob, snapshot blob, gib int, fs_type text, fs_label text, droplet blob, droplet_id int, region text
-- gives: one
select op, volume, snapshot, gib, fs_type, fs_label, droplet, droplet_id, region from operation
 where bucket = $1 and account = $2 and n = $3;

-- name: operation_left
-- across: what an earlier process left half done is taken up again, whoever's it is
-- in:   driver text
-- out:  bucket int, account blob, n int
-- gives: many
select bucket, account, n from operation where driver = $1 order by bucket, account, n;

-- name: action_put
-- in:   bucket int, account blob, n int, volume blob, type text, region text, started_us int
-- gives: none
insert into action (bucket, account, n, volume, type, region, status, started_us, completed_us)
values ($1, $2, $3, $4, $5, $6, 'in-progress', $7, 9223372036854775807);

-- name: action_end
-- in:   bucket int, account blob, n int, status text, completed_us int
-- gives: none
update action set status = $4, completed_us = $5 where bucket = $1 and account = $2 and n = $3;

-- name: action_get
-- in:   bucket int, account blob, n int
-- out:  n int, volume blob, type text, region text, status text, started_us int, completed_us int
-- gives: one
select n, volume, type, region, status, started_us, completed_us from action
 where bucket = $1 and account = $2 and n = $3;

-- name: action_page
-- in:   bucket int, account blob, limit int, offset int
-- out:  n int, volume blob, type text, region text, status text, started_us int, completed_us int
-- gives: many
select n, volume, type, region, status, started_us, completed_us from action
 where bucket = $1 and account = $2 order by n desc limit $3 offset $4;

-- name: action_count
-- in:   bucket int, account blob
-- out:  n int
-- gives: one
select count(*) as n from action where bucket = $1 and account = $2;

-- name: action_of_volume_page
-- in:   bucket int, account blob, volume blob, limit int, offset int
-- out:  n int, volume blob, type text, region text, status text, started_us int, completed_us int
-- gives: many
select n, volume, type, region, status, started_us, completed_us from action
 where bucket = $1 and account = $2 and volume = $3 order by n desc limit $4 offset $5;

-- name: action_of_volume_count
-- in:   bucket int, account blob, volume blob
-- out:  n int
-- gives: one
select count(*) as n from action where bucket = $1 and account = $2 and volume = $3;
