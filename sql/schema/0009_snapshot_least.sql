-- A snapshot may be smaller than the volume it was made of, when its driver says so; a volume made of it may not.

alter table snapshot add column least_gib integer not null default 0; -- what its volume had; 0: as much as the snapshot has
