-- name: holder_get
-- in:   role text
-- out:  process blob, beat int
-- gives: one
select process, beat from holder where role = $1;

-- name: holder_put
-- in:   role text, process blob
-- gives: none
insert into holder (role, process, beat) values ($1, $2, 0) on conflict (role) do update set process = $2, beat = 0;

-- name: holder_beat
-- in:   role text, process blob
-- counts: yes
-- gives: none
update holder set beat = beat + 1 where role = $1 and process = $2;

-- name: holder_drop
-- in:   role text, process blob
-- gives: none
delete from holder where role = $1 and process = $2;
