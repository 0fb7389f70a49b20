-- name: account_insert
-- in:   bucket int, account blob, number text, currency text, org blob, created_us int, billing_from_us int, closed_period int
-- gives: none
insert into account (bucket, account, number, currency, org, created_us, billing_from_us, closed_period, k, invoice_n,
    entry_n, entry_hash, receivable, parked)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0,
    x'0000000000000000000000000000000000000000000000000000000000000000', 0, '');

-- name: account_get
-- in:   bucket int, account blob
-- out:  number text, currency text, org blob, created_us int, billing_from_us int, closed_period int, k int, invoice_n int, entry_n int, entry_hash blob, receivable int, parked text
-- gives: one
select number, currency, org, created_us, billing_from_us, closed_period, k, invoice_n, entry_n, entry_hash, receivable,
       parked
  from account where bucket = $1 and account = $2;

-- name: account_head_set
-- in:   bucket int, account blob, entry_n int, entry_hash blob, receivable int
-- gives: none
update account set entry_n = $3, entry_hash = $4, receivable = $5 where bucket = $1 and account = $2;

-- name: account_close_set
-- in:   bucket int, account blob, closed_period int, k int, invoice_n int
-- gives: none
update account set closed_period = $3, k = $4, invoice_n = $5, parked = '' where bucket = $1 and account = $2;

-- name: account_park
-- in:   bucket int, account blob, parked text
-- gives: none
update account set parked = $3 where bucket = $1 and account = $2;

-- name: account_org_set
-- in:   bucket int, account blob, org blob
-- gives: none
update account set org = $3 where bucket = $1 and account = $2;

-- name: account_by_org
-- across: an organization's teams lie in many buckets
-- in:   org blob
-- out:  bucket int, account blob
-- gives: many
select bucket, account from account where org = $1 order by account, bucket;

-- name: number_insert
-- in:   number text, bucket int, account blob
-- counts: yes
-- gives: none
insert into customer_number (number, bucket, account) values ($1, $2, $3) on conflict do nothing;

-- name: number_get
-- in:   number text
-- out:  bucket int, account blob
-- gives: one
select bucket, account from customer_number where number = $1;

-- name: account_marks
-- across: verify reads everything
-- out:  account blob, closed_period int, k int
-- gives: each
select account, closed_period, k from account order by bucket, account;

-- Rows of customers that belong to no account, by table.
-- name: account_orphan
-- across: verify reads everything
-- out:  place text, rows int
-- gives: one
select place, count(*)
  from (select 'billed' as place, bucket, account from billed
        union all select 'carry', bucket, account from carry
        union all select 'closed', bucket, account from closed
        union all select 'entry', bucket, account from entry
        union all select 'fact_text', bucket, account from fact_text
        union all select 'held', bucket, account from held
        union all select 'idempotency', bucket, account from idempotency
        union all select 'invoice', bucket, account from invoice
        union all select 'late', bucket, account from late
        union all select 'life', bucket, account from life
        union all select 'manual', bucket, account from manual
        union all select 'retraction', bucket, account from retraction
        union all select 'usage_run', bucket, account from usage_run
        union all select 'customer_number', bucket, account from customer_number) as r
 where not exists (select 1 from account as a where a.bucket = r.bucket and a.account = r.account)
 group by place order by place limit 1;

-- name: account_count
-- across: verify reads everything
-- out:  total int
-- gives: one
select count(*) from account;

-- name: account_other_currency
-- across: a price book is for all accounts
-- in:   currency text
-- out:  number text, currency text
-- gives: one
select number, currency from account where currency <> $1 order by bucket, account limit 1;
