-- in: nothing; out: the tables of a state that holds nothing; accounts and names get theirs from `accounts.tables`
create schema if not exists matching;
create table if not exists matching.facts (name varchar primary key, value varchar);
create table if not exists matching.books (number smallint, side varchar, book varchar); -- crms below 0, partners above
create table if not exists matching.rows (row bigint, place bigint, raw ubigint); -- raw: a hash of all that was said
create table if not exists matching.dead (row bigint); -- rows that are gone, but not their keys: deleting these is dear
create table if not exists matching.readings (book varchar, country varchar, reads varchar); -- see `country_habits`
create table if not exists matching.keys (key ubigint, row bigint, book smallint);
-- keys: how many keys propose the pair; a pair without one is no candidate any more. Levels by their numbers.
create table if not exists matching.pairs (
    o bigint, t bigint, crm smallint, partner smallint, keys integer, weight double,
    name utinyint, website utinyint, place utinyint, post utinyint, size utinyint, industry utinyint,
    form utinyint, phone utinyint, taken utinyint,
    shared integer, own_a integer, own_b integer, unit_a boolean, unit_b boolean
);
create table if not exists matching.matches (
    o bigint, t bigint, crm varchar, ours_id varchar, partner varchar, theirs_id varchar,
    probability double, decision varchar, relation varchar, reasons varchar, evidence varchar
);
