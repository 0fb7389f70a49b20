-- name: book_insert
-- in:   book_id blob, loaded_us int, body text, logos blob
-- gives: none
insert into book (book_id, loaded_us, body, logos) values ($1, $2, $3, $4) on conflict do nothing;

-- name: book_get
-- in:   book_id blob
-- out:  loaded_us int, body text, logos blob
-- gives: one
select loaded_us, body, logos from book where book_id = $1;

-- name: book_list
-- out:  book_id blob, loaded_us int
-- gives: many
select book_id, loaded_us from book order by loaded_us, book_id;

-- name: worn_put
-- in:   kind text, name text, first_us int
-- gives: none
insert into worn (kind, name, first_us) values ($1, $2, $3) on conflict do nothing;

-- name: worn_list
-- out:  kind text, name text
-- gives: many
select kind, name from worn order by kind, name;
