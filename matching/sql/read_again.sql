-- in: reads(book, country, reads), ours, theirs, gone(row), matching.rows and readings; out: new_rows and gone, with rows whose
-- country reads otherwise than it did; matching.readings as of today
create or replace temp table turned as
select book, country
from reads full join matching.readings as before using (book, country)
where reads.reads is distinct from before.reads;

create or replace temp table again as
select t.is_ours, t.place, t.raw
from ours as t join accounts as a on a.rowid = t.place
where (a.crm, a.country) in (select (book, country) from turned)
union all
select t.is_ours, t.place, t.raw
from theirs as t join partner_accounts as a on a.rowid = t.place
where (a.partner, a.country) in (select (book, country) from turned);

insert into gone select row from matching.rows semi join again using (raw);

insert into new_rows from again anti join new_rows using (is_ours, place);

delete from matching.readings;
insert into matching.readings from reads;
