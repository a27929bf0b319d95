-- in: accounts, account_names, words, totals, $cap and $exact_cap pairs per key, $best per row; out: pairs(o, t), rows
create temp table keys as
with named as (
    select a.side, a.row, a.book, a.country, a.city, n.name_id, t.squeezed, t.letters, t.sorted_words
    from accounts as a join account_names as n using (side, row) join totals as t using (name_id)
),
spelled as (
    select side, row, book, 'domain ' || domain as key from accounts where domain is not null
    union all
    select side, row, book, 'name of ' || label from accounts where label is not null
    union all
    select side, row, book, 'name of ' || bare from accounts where bare is not null
    union all
    select side, row, book, 'name of ' || squeezed from named
    union all
    select side, row, book, 'words ' || sorted_words from named
    union all
    select side, row, book, 'prefix ' || squeezed[1:8] from named where letters >= 8
    union all
    select side, row, book, 'phone ' || phone from accounts where phone is not null
),
by_word as (
    select n.side, n.row, n.book, n.country, n.city, w.word, w.rarity, w.name_id
    from named as n join words as w using (name_id)
    where w.rarity <= 3 and not w.is_generic
),
worded as (
    select side, row, book, 'word ' || word as key from by_word
    union all
    select side, row, book, 'word ' || word || ' in ' || country from by_word where country is not null
    union all
    select side, row, book, 'word ' || word || ' in ' || city from by_word where city is not null
    union all
    select b.side, b.row, b.book, 'two ' || least(b.word, w.word) || ' ' || greatest(b.word, w.word)
    from by_word as b join words as w using (name_id)
    where b.word <> w.word and w.rarity <= 4
),
-- two spellings one letter apart share a name with one letter left out
misspelled as (
    select side, row, book, 'typo ' || squeezed[1:place - 1] || squeezed[place + 1:] as key
    from (select *, unnest(range(1, letters + 1)) as place from named where letters between 6 and 24)
    union all
    select side, row, book, 'typo ' || squeezed from named where letters between 5 and 24
)
select side, row, book, hash(key) as key, bool_or(starts_with(key, 'domain ') or starts_with(key, 'name of ')) as is_exact
from (select * from spelled union all select * from worded union all select * from misspelled)
group by side, row, book, hash(key);

create temp table pairs as
with counted as (
    select side, book, key, count(*) as members, bool_or(is_exact) as is_exact from keys group by side, book, key
),
joint as (
    select o.book as crm, t.book as partner, o.key, (100 * log2(o.members * t.members))::int as frequency
    from counted as o join counted as t on o.key = t.key and o.side = 'o' and t.side = 't'
    -- a whole name or website that many rows bear is still theirs; a word that many bear says nothing
    where o.members * t.members <= case when o.is_exact then $exact_cap else $cap end
),
proposed as (
    select o.row as o, t.row as t, j.crm, j.partner, sum(1600 - j.frequency) as strength
    from joint as j
    join keys as o on o.side = 'o' and o.book = j.crm and o.key = j.key
    join keys as t on t.side = 't' and t.book = j.partner and t.key = j.key
    group by all
),
ranked as (
    select
        o, t,
        row_number() over (partition by o, partner order by strength desc, t) as among_theirs,
        row_number() over (partition by t, crm order by strength desc, o) as among_ours
    from proposed
)
select o, t from ranked where among_theirs <= $best or among_ours <= $best;
