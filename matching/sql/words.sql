-- in: names, the word lists, $background names, $generic bits; out: words, with their information in 1/100 bit
create temp table words as
with spelled as (
    select distinct core from names
),
counted as (
    select word, count(distinct core) as occurrences
    from (select core, unnest(string_split(core, ' ')) as word from spelled)
    group by word
),
informed as (
    select
        c.word,
        g.word is not null as is_generic,
        u.word is not null as is_unit,
        r.word is not null as is_region,
        m.word is not null as is_common,
        -- whole numbers: sums of them do not depend on the order of adding
        least(
            round(100 * log2(((select count(*) from spelled) + $background) / (c.occurrences + 1)))::int,
            case when g.word is null and (length(c.word) > 1 or c.word between '0' and '9') then 2000 else round(100 * $generic)::int end
        ) as info
    from counted as c
    left join generic as g using (word)
    left join units as u using (word)
    left join regions as r using (word)
    left join common as m using (word)
),
placed as (
    select name_id, unnest(string_split(core, ' ')) as word, generate_subscripts(string_split(core, ' '), 1) as place
    from names
),
once as (
    select name_id, word, min(place) as place from placed group by name_id, word
)
select
    name_id, word, place, info, is_generic, is_unit, is_region, is_common,
    row_number() over (partition by name_id order by info desc, place) as rarity
from once join informed using (word);

create temp table totals as
select
    n.name_id, n.core, n.squeezed, n.form, length(n.squeezed) as letters,
    sum(w.info)::int as total,
    coalesce(sum(w.info) filter (where not w.is_generic), 0)::int as own,
    count(*) as words,
    count(*) filter (where not w.is_generic) as own_words,
    bool_and(w.is_common) as is_common,
    string_agg(w.word, '' order by w.place) filter (where not w.is_generic) as brand,
    max(w.info) filter (where not w.is_common) as rarest,
    arg_min(w.word, w.place) as first_word,
    string_agg(w.word[1], '' order by w.place) as initials,
    string_agg(w.word, ' ' order by w.word) as sorted_words
from names as n join words as w using (name_id)
group by n.name_id, n.core, n.squeezed, n.form;
