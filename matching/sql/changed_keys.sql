-- in: matching.keys and dead, gone(row), new_keys(key, row, book), $most_pairs by a key's two lowest bits
-- out: matching.keys and dead as of today; proposed(o, t, keys): by how many more keys a pair is proposed, of pairs with a new
-- row, and of old pairs whose keys became usable (or, below 0, did not stay so) because others bear them or do not
create or replace temp table gone_keys as
select key, row, book from matching.keys semi join gone using (row);

insert into matching.dead from gone;

create or replace temp table touched as
select key from gone_keys union select key from new_keys;

create or replace temp table bearing as
select key, row, book, false as is_new from matching.keys semi join touched using (key) anti join matching.dead using (row)
union all
select key, row, book, true from new_keys;

insert into matching.keys select key, row, book from new_keys;

create or replace temp table usable as
with members as (
    select key, book, sum(today) as today, sum(before) as before
    from (
        select key, book, 1 as today, (not is_new)::int as before from bearing
        union all
        select key, book, 0, 1 from gone_keys
    )
    group by key, book
),
both_sides as (
    select key, ours.book as crm, theirs.book as partner,
        ours.today * theirs.today as today,
        ours.before * theirs.before as before,
        $most_pairs[1 + (key & 3)::int] as most
    from members as ours join members as theirs using (key)
    where ours.book < 0 and theirs.book > 0
)
select key, crm, partner, today between 1 and most as today, before between 1 and most as before
from both_sides
where today between 1 and most or before between 1 and most;

create or replace temp table proposed as
with new_ours as (
    select o.row as o, t.row as t, 1 as keys
    from usable as u
    join bearing as o on o.key = u.key and o.book = u.crm and o.is_new
    join bearing as t on t.key = u.key and t.book = u.partner
    where u.today
),
new_theirs as (
    select o.row as o, t.row as t, 1 as keys
    from usable as u
    join bearing as o on o.key = u.key and o.book = u.crm and not o.is_new
    join bearing as t on t.key = u.key and t.book = u.partner and t.is_new
    where u.today
),
turned as (
    select o.row as o, t.row as t, if(u.today, 1, -1) as keys
    from usable as u
    join bearing as o on o.key = u.key and o.book = u.crm and not o.is_new
    join bearing as t on t.key = u.key and t.book = u.partner and not t.is_new
    where u.today <> u.before
)
select o, t, sum(keys)::int as keys
from (from new_ours union all from new_theirs union all from turned)
group by o, t;
