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

-- name: late_get
-- in:   bucket int, account blob, period int, seq int
-- out:  life int
-- gives: one
select life from late where bucket = $1 and account = $2 and period = $3 and seq = $4;
