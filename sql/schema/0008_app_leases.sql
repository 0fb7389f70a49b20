-- Leases of agents stand in the store, so that any process can renew them, also after a restart.

alter table app_work add column beat integer not null default 0;    -- renewals so far, over all its leases; 0: never taken
alter table deployment add column lease blob not null default x'';  -- the secret of the last one
