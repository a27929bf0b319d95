-- in: matching.matches, outdated(o, t); out: matching.matches without them
delete from matching.matches as m using outdated as x where m.o = x.o and m.t = x.t;
