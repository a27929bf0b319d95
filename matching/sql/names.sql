-- in: pairs(o, t), accounts, account_names, words, totals; out: name_levels, one row per two names that meet

-- how many different companies, by their websites, go by one name on one side
create temp table homonyms as
select squeezed, max(companies) as companies
from (
    select t.squeezed, a.side, a.book, count(distinct a.domain) as companies
    from accounts as a join account_names as n using (side, row) join totals as t using (name_id)
    group by all
)
group by squeezed;

create temp table met as
select distinct o.name_id as a, t.name_id as b
from pairs as p
join account_names as o on o.side = 'o' and o.row = p.o
join account_names as t on t.side = 't' and t.row = p.t
-- two names beside the main ones, such as two that were once in brackets, prove nothing together
where least(o.variant, t.variant) = 0;

-- a word meets its like, or behind the first word one that it abbreviates ("therap" and "therapeutics")
create temp table alike as
select m.a, m.b, x.word as word_a, y.word as word_b, least(x.info, y.info) as info
from met as m
join words as x on x.name_id = m.a
join words as y on y.name_id = m.b
where x.word = y.word
    or (
        x.place > 1 and y.place > 1 and least(length(x.word), length(y.word)) >= 3
        and (starts_with(x.word, y.word) or starts_with(y.word, x.word))
    );

-- information is in 1/100 bit: 1000 is one rare word, 250 at most a generic one
create temp table name_levels as
with shared as (
    select a, b, sum(info)::int as shared from alike group by a, b
),
-- what only one of the two names has; behind its first word, words may name a unit of the company
rest_a as (
    select
        m.a, m.b, sum(w.info)::int as rest, coalesce(sum(w.info) filter (where not w.is_generic), 0)::int as own,
        bool_or(w.is_unit and w.place > 1) as is_unit, bool_or(w.is_region and w.place > 1) as is_region
    from met as m join words as w on w.name_id = m.a
    anti join alike as l on l.a = m.a and l.b = m.b and l.word_a = w.word
    group by m.a, m.b
),
rest_b as (
    select
        m.a, m.b, sum(w.info)::int as rest, coalesce(sum(w.info) filter (where not w.is_generic), 0)::int as own,
        bool_or(w.is_unit and w.place > 1) as is_unit, bool_or(w.is_region and w.place > 1) as is_region
    from met as m join words as w on w.name_id = m.b
    anti join alike as l on l.a = m.a and l.b = m.b and l.word_b = w.word
    group by m.a, m.b
),
measured as (
    select
        m.a, m.b, coalesce(s.shared, 0) as shared,
        coalesce(ra.rest, 0) as rest_a, coalesce(rb.rest, 0) as rest_b,
        coalesce(ra.own, 0) as own_a, coalesce(rb.own, 0) as own_b,
        coalesce(ra.is_unit, false) as unit_a, coalesce(rb.is_unit, false) as unit_b,
        coalesce(ra.is_region, false) or coalesce(rb.is_region, false) as region,
        least(x.total, y.total) as total, least(x.letters, y.letters) as letters, least(x.words, y.words) as words,
        x.is_common or y.is_common as is_common,
        x.squeezed = y.squeezed or x.sorted_words = y.sorted_words as is_equal,
        starts_with(x.squeezed, y.squeezed) or starts_with(y.squeezed, x.squeezed) as begins,
        x.first_word = y.first_word as same_first,
        (x.letters between 2 and 6 and x.squeezed = y.initials)
            or (y.letters between 2 and 6 and y.squeezed = x.initials) as initials,
        -- the slow measure only where the quick one is high; a number is a name: "No. 3" is no misspelt "No. 2"
        case
            when abs(x.letters - y.letters) <= 1 and jaro_winkler_similarity(x.squeezed, y.squeezed) >= 0.9 then
                damerau_levenshtein(x.squeezed, y.squeezed) = 1
                and regexp_replace(x.squeezed, '[^0-9]', '', 'g') = regexp_replace(y.squeezed, '[^0-9]', '', 'g')
            else false end as one_letter,
        greatest(hx.companies, hy.companies) as companies
    from met as m
    join totals as x on x.name_id = m.a
    join totals as y on y.name_id = m.b
    left join shared as s on s.a = m.a and s.b = m.b
    left join rest_a as ra on ra.a = m.a and ra.b = m.b
    left join rest_b as rb on rb.a = m.a and rb.b = m.b
    left join homonyms as hx on hx.squeezed = x.squeezed
    left join homonyms as hy on hy.squeezed = y.squeezed
)
select
    a, b, shared, own_a, own_b, unit_a, unit_b, region,
    case
        when is_equal and (companies > 1 or letters <= 3 or (words = 1 and is_common)) then 'equal_common'
        when is_equal and ((words > 1 and total >= 1200 and not is_common) or (words = 1 and letters >= 8))
            then 'equal_distinctive'
        when is_equal then 'equal'
        when begins and total >= 1000 and not is_common
            and ((same_first and (words > 1 or letters >= 9)) or letters >= 12) then 'begins'
        when same_first and shared >= 1000 and least(rest_a, rest_b) = 0 and greatest(rest_a, rest_b) <= 300
            then 'nearly_all'
        when one_letter and ((words > 1 and letters >= 10) or letters >= 12) then 'near'
        when same_first and shared >= 700 and least(own_a, own_b) = 0 then 'inside'
        when same_first and begins and letters >= 7 then 'inside'
        when shared >= 1000 and 100 * shared >= 60 * (shared + rest_a + rest_b) then 'most'
        when one_letter and letters >= 7 then 'resembles'
        when initials then 'initials'
        when shared >= 700 then 'some'
        else 'weak'
    end as level
from measured;

-- of all names of both sides, the two that fit best
create temp table best_names as
select
    p.o, p.t, n.* exclude (level), l.level,
    l.level like 'equal%' or l.level in ('begins', 'nearly_all', 'near') as is_alike
from pairs as p
join account_names as o on o.side = 'o' and o.row = p.o
join account_names as t on t.side = 't' and t.row = p.t
join name_levels as n on n.a = o.name_id and n.b = t.name_id
join ladder as l
    on l.comparison = 'name'
    and l.level = case
        when o.variant + t.variant > 0 and starts_with(n.level, 'equal') then 'equal_alias'
        else n.level end
qualify row_number() over (
    partition by p.o, p.t
    order by l.weight desc, n.shared desc, o.variant + t.variant, least(n.a, n.b), greatest(n.a, n.b)
) = 1;
