-- in: reads(book, country, reads), today, gone(row), matching.rows and readings; out: new_rows and gone, with rows whose
-- country reads otherwise than it did; matching.readings as of today
create or replace temp table turned as
select book, country
from reads full join matching.readings as before using (book, country)
where reads.reads is distinct from before.reads;

create or replace temp table again as
select t.is_ours, t.place, t.raw
from today as t join accounts as a on t.is_ours and a.rowid = t.place
where (a.crm, a.country) in (select (book, country) from turned)
union all
select t.is_ours, t.place, t.raw
from today as t join partner_accounts as a on not t.is_ours and a.rowid = t.place
where (a.partner, a.country) in (select (book, country) from turned);

insert into gone select row from matching.rows semi join again using (raw);

insert into new_rows select * from again anti join new_rows using (raw);

delete from matching.readings;
insert into matching.readings from reads;
