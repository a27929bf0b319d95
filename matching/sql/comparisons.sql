-- in: pairs(o, t), accounts, account_names, totals, best_names; out: levels, one row per pair, one code per comparison
create temp table sharing as
select side, row, count(*) over (partition by side, book, domain) as sharers from accounts where domain is not null;

-- how the website of one side reads beside the names of the other, and beside its own
create temp table readings as
with labelled as (
    select p.o, p.t, 'o' as side, a.label, a.bare, n.name_id
    from pairs as p
    join accounts as a on a.side = 'o' and a.row = p.o and a.label is not null
    join account_names as n on n.side = 't' and n.row = p.t
    union all
    select p.o, p.t, 't' as side, a.label, a.bare, n.name_id
    from pairs as p
    join accounts as a on a.side = 't' and a.row = p.t and a.label is not null
    join account_names as n on n.side = 'o' and n.row = p.o
)
select
    l.o, l.t,
    bool_or(s.squeezed = l.label or s.squeezed || s.form = l.label) as is_name,
    bool_or(s.squeezed = l.bare or (length(s.brand) >= 3 and s.brand in (l.label, l.bare))) as is_brand,
    bool_or(
        (s.squeezed = l.label or (s.squeezed = l.bare and starts_with(l.label, l.bare)))
        and s.letters >= 4 and s.rarest >= 1100
    ) as is_distinctive,
    bool_or(
        (s.letters >= 4 and starts_with(l.label, s.squeezed))
        or (length(l.bare) >= 4 and starts_with(s.squeezed, l.bare))
        or (length(l.label) >= 2 and l.label = s.initials)
        or (length(s.first_word) >= 4 and starts_with(l.label, s.first_word))
    ) as begins_name
from labelled as l join totals as s using (name_id)
group by l.o, l.t;

create temp table own_readings as
select
    a.side, a.row,
    bool_or(
        starts_with(a.label, s.squeezed) or starts_with(s.squeezed, a.bare) or a.label = s.initials
        or starts_with(a.label, s.first_word)
    ) as speaks
from accounts as a join account_names as n using (side, row) join totals as s using (name_id)
where a.label is not null
group by a.side, a.row;

create temp table levels as
select
    p.o, p.t, n.level as name, n.own_a, n.own_b, n.shared, n.unit_a, n.unit_b,
    case
        when x.domain = y.domain then case
            when greatest(sx.sharers, sy.sharers) > case when n.is_alike then 3 else 1 end then 'same_shared'
            else 'same' end
        when x.domain <> y.domain then case
            when x.label = y.label then 'same_label'
            when r.is_name or r.is_brand then 'different_named'
            when greatest(sx.sharers, sy.sharers) > 3 or not ox.speaks or not oy.speaks then 'different_unclear'
            else 'different' end
        when coalesce(x.domain, y.domain) is null then 'unknown'
        when r.is_distinctive and n.level <> 'equal_common' then 'is_distinctive'
        when r.is_name then 'is_name'
        when r.is_brand then 'is_brand'
        when r.begins_name then 'begins_name'
        -- a website of the one name is not like the other name, of course
        when greatest(sx.sharers, sy.sharers) > 3 or n.level = 'equal_alias' then 'unknown'
        else 'unlike'
    end as website,
    case
        when x.country <> y.country then case when n.region then 'country_named' else 'country_differs' end
        when x.city = y.city and coalesce(x.state = y.state, true) then 'city'
        when x.state = y.state and x.country = y.country then 'state'
        when x.country = y.country and (x.state <> y.state or x.city <> y.city) then 'city_differs'
        when x.country = y.country then 'country'
        else 'unknown'
    end as place,
    case
        when x.country <> y.country then 'unknown'
        when not n.is_alike then
            -- sisters of a group live at one address
            case when x.postcode = y.postcode then 'sisters' else 'unknown' end
        when x.postcode = y.postcode and x.street = y.street then 'street'
        when x.postcode = y.postcode then 'postcode'
        when x.outward = y.outward then 'outward'
        -- in another city the postcode differs anyway
        when x.postcode <> y.postcode and x.city = y.city then 'differs'
        else 'unknown'
    end as post,
    case
        when nx.letters >= 6 and contains(y.street, nx.squeezed) then 'named'
        when ny.letters >= 6 and contains(x.street, ny.squeezed) then 'named'
        else 'unknown'
    end as address,
    case when x.phone = y.phone then 'same' else 'unknown' end as phone,
    case
        when nx.form = '' or ny.form = '' or x.country <> y.country then 'unknown'
        when nx.form = ny.form then 'same'
        else 'differs'
    end as form,
    coalesce(x.domain, y.domain) as domain
from pairs as p
join best_names as n using (o, t)
join accounts as x on x.side = 'o' and x.row = p.o
join accounts as y on y.side = 't' and y.row = p.t
join totals as nx on nx.name_id = n.a
join totals as ny on ny.name_id = n.b
left join readings as r on r.o = p.o and r.t = p.t
left join sharing as sx on sx.side = 'o' and sx.row = p.o
left join sharing as sy on sy.side = 't' and sy.row = p.t
left join own_readings as ox on ox.side = 'o' and ox.row = p.o
left join own_readings as oy on oy.side = 't' and oy.row = p.t;
