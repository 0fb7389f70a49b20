-- name: carry_put
-- in:   bucket int, account blob, period int, k int, book_id blob, rules int, body blob
-- gives: none
insert into carry (bucket, account, period, k, book_id, rules, body) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (bucket, account, period) do update set k = excluded.k, book_id = excluded.book_id, rules = excluded.rules,
    body = excluded.body;

-- name: carry_get
-- in:   bucket int, account blob, period int
-- out:  k int, book_id blob, rules int, body blob
-- gives: one
select k, book_id, rules, body from carry where bucket = $1 and account = $2 and period = $3;

-- name: carry_drop_before
-- in:   bucket int, account blob, period int
-- gives: none
delete from carry where bucket = $1 and account = $2 and period < $3;

-- name: carry_count
-- in:   bucket int, account blob
-- out:  total int
-- gives: one
select count(*) from carry where bucket = $1 and account = $2;
