-- in: matching.pairs, gone(row), proposed(o, t, keys); out: matching.pairs without what is no candidate any more;
-- removed(o, t, crm, partner); unseen(o, t, keys): to be compared
update matching.pairs as p set keys = p.keys + n.keys from proposed as n where p.o = n.o and p.t = n.t;

create or replace temp table unseen as
select o, t, keys from proposed anti join matching.pairs using (o, t) where keys > 0;

create or replace temp table removed as
select o, t, crm, partner from matching.pairs where keys <= 0 or o in (from gone) or t in (from gone);

delete from matching.pairs where keys <= 0 or o in (from gone) or t in (from gone);
