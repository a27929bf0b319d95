-- in: accounts and partner_accounts as they are today, matching.rows; out: gone(row), new_ours and new_theirs with raw
create or replace temp table today as
select true as is_ours, rowid as place, hash(
    'o', crm, id, name, website, phone, street, city, state, postcode, country, industry, headcount
) as raw
from accounts
union all
select false, rowid, hash(
    't', partner, id, name, website, phone, street, city, state, postcode, country, industry, headcount
)
from partner_accounts;

create or replace temp table new_rows as
select is_ours, place, raw from today anti join matching.rows using (raw);

create or replace temp table gone as
select row from matching.rows anti join today using (raw);

create or replace temp view new_ours as
select n.raw, a.crm, a.id, a.name, a.website, a.phone, a.street, a.city, a.state, a.postcode, a.country, a.industry,
    a.headcount
from new_rows as n join accounts as a on a.rowid = n.place
where n.is_ours;

create or replace temp view new_theirs as
select n.raw, a.partner, a.id, a.name, a.website, a.phone, a.street, a.city, a.state, a.postcode, a.country,
    a.industry, a.headcount
from new_rows as n join partner_accounts as a on a.rowid = n.place
where not n.is_ours;

create or replace temp table countries as
select book, country, count(*) as rows
from (select crm as book, country from accounts union all select partner, country from partner_accounts)
where country is not null
group by book, country;
