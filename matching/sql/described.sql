-- in: shown(number, o, t), rows; out: described(number, ours_id, theirs_id, domain), the website that speaks
create or replace temp table described as
select s.number, o.id as ours_id, t.id as theirs_id, coalesce(o.domain, t.domain) as domain
from shown as s
join matching.accounts as o on o.row = s.o
join matching.accounts as t on t.row = s.t;
