-- Audit rows are chained like entries: each holds the hash of itself and of the one before it. Rows that were written
-- before this step have none.
alter table audit add column hash blob not null default x'';
