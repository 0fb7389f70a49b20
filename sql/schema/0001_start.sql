-- The first schema. Every customer table's key starts with bucket, then the account. Instants are microseconds
-- since 1970 (`_us`), periods are months since 1970-01, money is in minor units, uuids and digests are raw bytes.
-- Each table says what it is: bucketed (customers' rows), reference (small, few writes), local (this database's own).

-- local: one row about the database itself
create table meta (
    id integer primary key check (id = 1),
    buckets integer not null,          -- fixed when the database is made
    kind text not null,                -- '' before the first write, then 'real' or 'test'
    clock_us integer not null,         -- the highest now that was ever seen
    hash_key blob not null,            -- 16 secret bytes: identities' keyed fingerprints
    book_id blob not null,             -- the current price book, empty before the first
    book_n integer not null,           -- counts loads
    sealed_batch integer not null,     -- batches up to this one stand in life and usage_run too
    sealed_max_us integer not null,    -- no sealed fact is later
    run integer not null,              -- the sealing that ended last: rows of a higher run are not there yet
    sealing_to integer not null        -- the last batch of the sealing that has begun, 0: none
) strict;

-- reference: price books, whole, for ever
create table book (
    book_id blob not null primary key, -- SHA-256 of text and logos
    loaded_us integer not null,
    body text not null,
    logos blob not null                -- packed: (seller name, PNG bytes)*
) strict;

-- reference
create table org (
    org blob not null primary key,
    name text not null,
    created_us integer not null
) strict;

-- bucketed: the place in a bucket's log that was given last
create table bucket (
    bucket integer not null primary key,
    seq integer not null
) strict;

-- bucketed
create table account (
    bucket integer not null,
    account blob not null,
    number text not null,              -- customer number
    currency text not null,
    org blob,                          -- null: none
    created_us integer not null,
    billing_from_us integer not null,  -- nothing before accrues; the lowest integer without
    closed_period integer not null,    -- the last closed one
    k integer not null,                -- the log's place at that closing
    invoice_n integer not null,        -- number given last
    entry_n integer not null,          -- entry written last
    entry_hash blob not null,          -- its hash
    receivable integer not null,       -- what the customer owes: sum over entries
    parked text not null,              -- why, or empty
    primary key (bucket, account)
) strict, without rowid;

-- reference: customer numbers are unique
create table customer_number (
    number text not null primary key,
    bucket integer not null,
    account blob not null
) strict, without rowid;

-- reference: only digests of tokens are kept
create table token (
    digest blob not null primary key,  -- SHA-256 of the token
    token_id text not null unique,     -- shown in lists, used to revoke
    dialect text not null,             -- do, civo, operator
    bucket integer not null,
    account blob,                      -- null: not an account's
    org blob,                          -- null: not an organization's
    scopes text not null,              -- blank-separated
    name text not null,
    created_us integer not null,
    expires_us integer not null,       -- the highest integer: never
    revoked_us integer not null        -- the highest integer: not
) strict;

-- bucketed by placement (0 here): the log. Every accepted fact, packed, in the order of its arrival; some hundred a row,
-- so that one of them is cheap to fetch. keys stands before body: reading all keys at start skips the bodies' pages.
create table batch (
    bucket integer not null,
    batch integer not null,
    n integer not null,
    min_us integer not null,
    max_us integer not null,
    keys blob not null,                -- per fact: 8-byte fingerprint of its identity; then 8 bytes, the checksum of body
    body blob not null,                -- accounts, texts, facts and where each begins
    primary key (bucket, batch)
) strict;

-- bucketed by placement: personal text of the facts of a batch that is not sealed yet; then it moves to fact_text
create table batch_text (
    bucket integer not null,
    batch integer not null,
    body blob not null,                -- (account uuid, text)*
    primary key (bucket, batch)
) strict, without rowid;

-- bucketed: sealed facts that are no usage (life, account.change, retraction), again, by account and time
create table life (
    bucket integer not null,
    account blob not null,
    time_us integer not null,
    seq integer not null,
    type integer not null,
    run integer not null,              -- the sealing that wrote it
    resource blob not null,            -- empty when there is none
    body blob not null,
    primary key (bucket, account, time_us, seq)
) strict, without rowid;
create index life_resource on life (bucket, account, resource, time_us, seq, type, run) where type in (1, 3);
create index life_face on life (bucket, account, time_us, seq) where type = 5;

-- bucketed: personal text of sealed facts, apart, so that it can be erased
create table fact_text (
    bucket integer not null,
    account blob not null,
    run integer not null,              -- the sealing that wrote it, and its life rows
    part integer not null,
    body blob not null,                -- (16 bytes of digest, text)*
    primary key (bucket, account, run, part)
) strict, without rowid;

-- bucketed: retractions and what they name; target_seq 0 while that has not come
create table retraction (
    bucket integer not null,
    account blob not null,
    target_source text not null,
    target_id text not null,
    seq integer not null,              -- of the retraction
    target_seq integer not null,
    target_us integer not null,
    effective_seq integer not null,    -- the later of both: known from this place on
    primary key (bucket, account, target_source, target_id, seq)
) strict, without rowid;

-- bucketed: sealed usage facts again, sorted by account and period in runs, with their totals
create table usage_run (
    bucket integer not null,
    account blob not null,
    period integer not null,
    run integer not null,              -- the sealing that wrote it, or the newest of those that were put together
    part integer not null,             -- a large run is cut
    seq_lo integer not null,
    seq_hi integer not null,
    min_us integer not null,
    max_us integer not null,
    n integer not null,
    totals blob not null,              -- of the facts at or after the account's billing_from
    facts blob not null,
    primary key (bucket, account, period, run, part)
) strict;

-- bucketed: lives as they stand at a period's start: a cache
create table carry (
    bucket integer not null,
    account blob not null,
    period integer not null,
    k integer not null,                -- facts up to this place are in it
    book_id blob not null,
    rules integer not null,
    body blob not null,
    primary key (bucket, account, period)
) strict, without rowid;

-- bucketed: closed periods that have to be looked at again, and why it was noticed
create table late (
    bucket integer not null,
    account blob not null,
    period integer not null,           -- this one and the closed ones after it
    seq integer not null,
    life integer not null default 0,   -- 1: it was about a life, so carries of later periods made before it are wrong;
                                       -- 2: a price book moved the period, no fact did
    primary key (bucket, account, period, seq)
) strict, without rowid;

-- bucketed: what was billed for a period, by its invoice and by later corrections
create table billed (
    bucket integer not null,
    account blob not null,
    period integer not null,           -- what for
    by_period integer not null,        -- on which period's invoice
    amount integer not null,           -- items and overages, or the correction
    taxes blob not null,
    primary key (bucket, account, period, by_period)
) strict, without rowid;

-- bucketed: an account's closed periods, each once
create table closed (
    bucket integer not null,
    account blob not null,
    period integer not null,
    k integer not null,
    book_id blob not null,
    rules integer not null,
    instant_s integer not null,
    closed_us integer not null,
    primary key (bucket, account, period)
) strict, without rowid;

-- bucketed: issued documents
create table invoice (
    bucket integer not null,
    account blob not null,
    period integer not null,
    invoice_uuid blob not null,
    invoice_n integer not null,
    amount integer not null,
    body blob not null,
    primary key (bucket, account, period)
) strict;

-- bucketed: the books, append-only, chained
create table entry (
    bucket integer not null,
    account blob not null,
    n integer not null,
    kind integer not null,
    ref text,
    at_us integer not null,
    receivable integer not null,       -- what the entry does to it
    balance integer not null,          -- what it is then
    note text not null,
    body blob not null,
    primary key (bucket, account, n)
) strict;
create unique index entry_ref on entry (bucket, account, kind, ref) where ref is not null;

-- bucketed: held credits
create table held (
    bucket integer not null,
    account blob not null,
    seq integer not null,
    granted_us integer not null,
    expires_us integer not null,
    amount integer not null,
    used integer not null,
    note text not null,
    done integer not null,             -- 1: its rest went back
    primary key (bucket, account, seq)
) strict, without rowid;

-- bucketed: manual adjustments
create table manual (
    bucket integer not null,
    account blob not null,
    seq integer not null,
    at_us integer not null,
    amount integer not null,
    ref text,
    note text not null,
    primary key (bucket, account, seq)
) strict, without rowid;
create unique index manual_ref on manual (bucket, account, ref) where ref is not null;

-- bucketed: answers to requests that carried an Idempotency-Key
create table idempotency (
    bucket integer not null,
    account blob not null,
    key text not null,
    request blob not null,             -- digest of path and body
    answer blob not null,              -- packed: what was posted
    at_us integer not null,
    primary key (bucket, account, key)
) strict, without rowid;

-- bucketed: events that were refused, for 35 days
create table reject (
    bucket integer not null,
    n integer not null,
    at_us integer not null,
    idx integer not null,              -- place in its batch
    event_id text,
    reason text not null,
    body text not null,
    primary key (bucket, n)
) strict;

-- local: who did what
create table audit (
    n integer primary key,
    at_us integer not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail text not null
) strict;

-- reference: what a close of a period came to
create table close_total (
    period integer not null primary key,
    closed_us integer not null,
    accounts integer not null,
    invoices integer not null,
    credit_notes integer not null,
    total text not null,
    digest text not null,
    parked text not null               -- URNs, blank-separated
) strict;

-- reference: every digest that a close printed, for ever, and the heads that it stands for
create table close_digest (
    digest text not null primary key,
    period integer not null,
    closed_us integer not null,
    heads blob not null                -- per account with entries, in uuid order: 16 bytes and the entry's number (varint)
) strict;

-- reference: SKUs and meters that facts have named; a price book may not drop them
create table worn (
    kind text not null,                -- sku, meter
    name text not null,
    first_us integer not null,
    primary key (kind, name)
) strict, without rowid;
