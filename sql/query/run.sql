-- name: run_put
-- in:   bucket int, account blob, period int, run int, part int, seq_lo int, seq_hi int, min_us int, max_us int, n int, totals blob, facts blob
-- gives: none
insert into usage_run (bucket, account, period, run, part, seq_lo, seq_hi, min_us, max_us, n, totals, facts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (bucket, account, period, run, part) do update set seq_lo = excluded.seq_lo, seq_hi = excluded.seq_hi,
    min_us = excluded.min_us, max_us = excluded.max_us, n = excluded.n, totals = excluded.totals, facts = excluded.facts;

-- name: run_totals
-- in:   bucket int, account blob, first int, last int, run int
-- out:  period int, run int, part int, seq_lo int, seq_hi int, min_us int, max_us int, totals blob
-- gives: each
select period, run, part, seq_lo, seq_hi, min_us, max_us, totals from usage_run
 where bucket = $1 and account = $2 and period >= $3 and period <= $4 and run <= $5
 order by period, run, part;

-- name: run_facts
-- in:   bucket int, account blob, period int, run int, part int
-- out:  facts blob
-- gives: each
select facts from usage_run where bucket = $1 and account = $2 and period = $3 and run = $4 and part = $5 order by part;

-- name: run_sizes
-- in:   bucket int, account blob, period int, run int
-- out:  run int, part int, seq_lo int, seq_hi int, min_us int, max_us int, n int
-- gives: many
select run, part, seq_lo, seq_hi, min_us, max_us, n from usage_run
 where bucket = $1 and account = $2 and period = $3 and run <= $4 order by run, part;

-- name: run_drop
-- in:   bucket int, account blob, period int, run int, part int
-- gives: none
delete from usage_run where bucket = $1 and account = $2 and period = $3 and run = $4 and part = $5;

-- name: run_all
-- across: verify reads everything
-- out:  bucket int, account blob, period int, run_n int, part int, seq_lo int, seq_hi int, min_us int, max_us int, n int, totals blob, facts blob
-- gives: each
select bucket, account, period, run, part, seq_lo, seq_hi, min_us, max_us, n, totals, facts from usage_run
 order by bucket, account, period, run, part;

-- name: run_first
-- in:   bucket int, account blob
-- out:  period int
-- gives: one
select period from usage_run where bucket = $1 and account = $2 order by period, run, part limit 1;
