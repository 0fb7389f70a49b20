-- name: invoice_insert
-- in:   bucket int, account blob, period int, invoice_uuid blob, invoice_n int, amount int, body blob
-- gives: none
insert into invoice (bucket, account, period, invoice_uuid, invoice_n, amount, body) values ($1, $2, $3, $4, $5, $6, $7);

-- name: invoice_count
-- in:   bucket int, account blob
-- out:  total int
-- gives: one
select count(*) from invoice where bucket = $1 and account = $2;

-- name: invoice_page
-- in:   bucket int, account blob, limit int, offset int
-- out:  period int, invoice_uuid blob, invoice_n int, amount int
-- gives: many
select period, invoice_uuid, invoice_n, amount from invoice
 where bucket = $1 and account = $2 order by period desc limit $3 offset $4;

-- name: invoice_get
-- in:   bucket int, account blob, period int
-- out:  invoice_uuid blob, invoice_n int, amount int, body blob
-- gives: one
select invoice_uuid, invoice_n, amount, body from invoice where bucket = $1 and account = $2 and period = $3;

-- name: invoice_by_uuid
-- in:   bucket int, account blob, invoice_uuid blob
-- out:  period int, invoice_n int, amount int, body blob
-- gives: one
select period, invoice_n, amount, body from invoice where bucket = $1 and account = $2 and invoice_uuid = $3
 order by period limit 1;

-- name: invoice_all
-- in:   bucket int, account blob
-- out:  period int, invoice_uuid blob, invoice_n int, amount int, body blob
-- gives: many
select period, invoice_uuid, invoice_n, amount, body from invoice where bucket = $1 and account = $2 order by period;

-- name: invoice_amounts
-- across: verify reads everything
-- out:  bucket int, period int, amount int
-- gives: each
select bucket, period, amount from invoice order by bucket, account, period;
