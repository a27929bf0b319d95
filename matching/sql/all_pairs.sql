-- in: keys_of_ours and keys_of_theirs(row, key, book), $most_pairs by a key's two lowest bits
-- out: proposed(pair, keys): rows of ours << 32 | theirs, and how many keys propose them
create or replace temp table proposed as
with ours as (
    select key, book, count(*) as members from keys_of_ours group by key, book
),
theirs as (
    select key, book, count(*) as members from keys_of_theirs group by key, book
),
usable as (
    select key, ours.book as crm, theirs.book as partner
    from ours join theirs using (key)
    where ours.members * theirs.members <= $most_pairs[1 + (key & 3)::int]
)
select (o.row::ubigint << 32) | t.row as pair, count(*)::int as keys
from usable as u
join keys_of_ours as o on o.key = u.key and o.book = u.crm
join keys_of_theirs as t on t.key = u.key and t.book = u.partner
group by pair;
