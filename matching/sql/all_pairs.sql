-- in: matching.keys, matching.books, $partners, $most_pairs by a key's two lowest bits; out: proposed(o, t, keys)
create or replace temp table proposed as
with partners as (
    select number from matching.books where side = 't' and book in (select unnest($partners))
),
ours as (
    select key, book, count(*) as members from matching.keys where book < 0 group by key, book
),
theirs as (
    select key, book, count(*) as members from matching.keys where book in (from partners) group by key, book
),
usable as (
    select key, ours.book as crm, theirs.book as partner
    from ours join theirs using (key)
    where ours.members * theirs.members <= $most_pairs[1 + (key & 3)::int]
)
select o.row as o, t.row as t, count(*)::int as keys
from usable as u
join matching.keys as o on o.key = u.key and o.book = u.crm
join matching.keys as t on t.key = u.key and t.book = u.partner
group by o.row, t.row;
