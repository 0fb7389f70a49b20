-- life: also spoils carries made before it came.
-- name: late_mark
-- in:   bucket int, account blob, period int, seq int, life int
-- gives: none
insert into late (bucket, account, period, seq, life) values ($1, $2, $3, $4, $5)
on conflict (bucket, account, period, seq) do update
   set life = case when late.life > excluded.life then late.life else excluded.life end;

-- Did a fact about a life come between two places of the log for a period before this one?
-- name: late_life_before
-- in:   bucket int, account blob, period int, above_k int, upto_k int
-- out:  seq int
-- gives: one
select seq from late
 where bucket = $1 and account = $2 and period < $3 and seq > $4 and seq <= $5 and life = 1 order by period, seq limit 1;

-- Did a fact of a closed period come after a place of the log?
-- name: late_fact_after
-- in:   bucket int, account blob, above_k int
-- out:  period int, seq int
-- gives: one
select period, seq from late where bucket = $1 and account = $2 and seq > $3 and life <> 2 order by period, seq limit 1;

-- name: late_get
-- in:   bucket int, account blob, period int, seq int
-- out:  life int
-- gives: one
select life from late where bucket = $1 and account = $2 and period = $3 and seq = $4;

-- Marks of facts, not of price books.
-- name: late_count
-- across: verify reads everything
-- out:  total int
-- gives: one
select count(*) from late where life <> 2;

-- name: late_of_books
-- across: verify reads everything
-- out:  account blob, period int, seq int
-- gives: each
select account, period, seq from late where life = 2 order by bucket, account, period, seq;
