-- What packed columns hold changes by number, too: 0 until a program that knows numbers has read the file.
alter table meta add column format integer not null default 0;
