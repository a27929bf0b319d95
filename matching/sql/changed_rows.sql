-- in: accounts, but for those of left_out(crm, id), and partner_accounts as they are today; out: new_rows(is_ours, place, raw) and gone(row), empty; views:
-- ours and theirs (is_ours, place, raw), new_ours and new_theirs with place and raw, countries(book, country, rows)
create or replace temp table new_rows (is_ours boolean, place bigint, raw ubigint);
create or replace temp table gone (row bigint);

create or replace temp view ours as
select true as is_ours, rowid as place, hash(
    'o', crm, id, name, website, phone, street, city, state, postcode, country, industry, headcount
) as raw
from accounts anti join left_out using (crm, id);

create or replace temp view theirs as
select false as is_ours, rowid as place, hash(
    't', partner, id, name, website, phone, street, city, state, postcode, country, industry, headcount
) as raw
from partner_accounts;

create or replace temp view new_ours as
select n.place, n.raw, a.crm, a.id, a.name, a.website, a.phone, a.street, a.city, a.state, a.postcode, a.country,
    a.industry, a.headcount
from new_rows as n join accounts as a on a.rowid = n.place
where n.is_ours;

create or replace temp view new_theirs as
select n.place, n.raw, a.partner, a.id, a.name, a.website, a.phone, a.street, a.city, a.state, a.postcode, a.country,
    a.industry, a.headcount
from new_rows as n join partner_accounts as a on a.rowid = n.place
where not n.is_ours;

create or replace temp view countries as
select book, country, count(*) as rows
from (
    select crm as book, country from accounts anti join left_out using (crm, id)
    union all
    select partner, country from partner_accounts
)
where country is not null
group by book, country;
