-- A month's close by hand: stretches of use, a price each, rounded once a line; items and invoices in one transaction.
drop table if exists stretch, price, item, invoice;
create table stretch (account uuid not null, resource uuid not null, name text not null, sku text not null,
    from_t timestamptz not null, to_t timestamptz not null);
create table price (sku text primary key, amount numeric not null, hours numeric not null);
insert into price values ('s-1vcpu-1gb', 5, 672), ('s-2vcpu-4gb', 24, 672), ('s-4vcpu-8gb', 48, 672);
create table item (account uuid not null, period text not null, resource uuid not null, name text not null,
    sku text not null, from_t timestamptz not null, to_t timestamptz not null, seconds bigint not null, amount numeric not null);
create index item_account on item (account, period);
create table invoice (account uuid not null, period text not null, amount numeric not null, items integer not null,
    primary key (account, period));
