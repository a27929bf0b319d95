-- in: matching.accounts, matching.books; out: matching.books with a number for each crm and partner that had none
insert into matching.books
select coalesce((select min(number) from matching.books where side = 'o'), 0) - row_number() over (order by book), 'o', book
from (select distinct book from matching.accounts where side = 'o')
anti join (from matching.books where side = 'o') using (book);

insert into matching.books
select coalesce((select max(number) from matching.books where side = 't'), 0) + row_number() over (order by book), 't', book
from (select distinct book from matching.accounts where side = 't')
anti join (from matching.books where side = 't') using (book);
