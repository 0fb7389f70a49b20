-- What one would write by hand: events under their identity, and a staging table for COPY.
drop table if exists event;
create table event (
    account uuid not null, source text not null, id text not null, type text not null, time timestamptz not null,
    resource uuid, meter text, quantity numeric, sku text, name text, region text,
    primary key (account, source, id));
