-- name: clock_get
-- out:  kind text, clock_us int, book_id blob, book_n int
-- gives: one
select kind, clock_us, book_id, book_n from meta where id = 1;

-- name: clock_set
-- in:   kind text, clock_us int
-- gives: none
update meta set kind = $1, clock_us = $2 where id = 1;

-- name: book_current_set
-- in:   book_id blob, book_n int
-- gives: none
update meta set book_id = $1, book_n = $2 where id = 1;
