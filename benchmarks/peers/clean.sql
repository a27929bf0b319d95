-- What both peers compare: names without legal forms, registrable domains, countries as codes, cities, digits of phones.
-- Hand-written and general: legal forms, the usual spellings of the larger economies, the registrable part of a host.

create macro plain(text) as
    trim(regexp_replace(
        regexp_replace(replace(strip_accents(lower(text)), '&', ' and '), '[.''’`]', '', 'g'),
        '[^\p{L}\p{N}]+', ' ', 'g'
    ));

-- Legal forms go at the end only, and never the whole name: 'sas institute inc' is 'sas institute'.
-- Legal forms go at the end only, and never the whole name: 'sas institute inc' is 'sas institute'.
create macro without_form(plain_name) as
    regexp_replace(
        plain_name,
        '(.)( (and co|inc|incorporated|llc|lllp|lp|llp|corp|corporation|co|company|ltd|limited|plc|gmbh|mbh|ag|se|kg|kgaa'
        || '|sa|sas|sasu|sarl|sl|slu|srl|spa|bv|nv|ab|publ|as|asa|aps|oy|oyj|kk|pty|pvt|private|ulc|bhd|berhad|tbk'
        || '|holding|holdings|group))+$',
        '\1'
    );

create macro host(website) as
    regexp_extract(lower(website), '^\s*(?:[a-z]+://)?([^/:?#\s]+)', 1);

-- The last two labels, or three below suffixes such as co.uk and com.au.
create macro registrable(host) as
    regexp_extract(host, '([^.]+\.(?:(?:co|com|org|net|ac|gov|ltd|plc|or|ne)\.[a-z][a-z]|[a-z]+))$', 1);

-- A host that everybody uses is nobody's domain: as a key it would join thousands of rows with thousands.
create table shared as
    select unnest([
        'linkedin.com', 'facebook.com', 'instagram.com', 'twitter.com', 'x.com', 'youtube.com', 'google.com',
        'gmail.com', 'wordpress.com', 'blogspot.com', 'wixsite.com', 'github.io', 'business.site'
    ]) as domain;

create table spellings as
    select unnest(names) as name, code
    from (values
        ('us', ['united states', 'usa', 'us', 'united states of america']),
        ('gb', ['united kingdom', 'uk', 'gb', 'gbr', 'great britain', 'england', 'scotland', 'wales']),
        ('de', ['germany', 'de', 'deu', 'deutschland']), ('fr', ['france', 'fr', 'fra']),
        ('in', ['india', 'in', 'ind']), ('jp', ['japan', 'jp', 'jpn']), ('au', ['australia', 'au', 'aus']),
        ('ca', ['canada', 'ca', 'can']), ('nl', ['netherlands', 'nl', 'nld', 'the netherlands', 'holland']),
        ('se', ['sweden', 'se', 'swe', 'sverige']), ('it', ['italy', 'it', 'ita', 'italia']),
        ('es', ['spain', 'es', 'esp', 'espana']), ('ch', ['switzerland', 'ch', 'che', 'schweiz', 'suisse']),
        ('at', ['austria', 'at', 'aut', 'osterreich']), ('be', ['belgium', 'be', 'bel', 'belgie', 'belgique']),
        ('ie', ['ireland', 'ie', 'irl']), ('dk', ['denmark', 'dk', 'dnk', 'danmark']),
        ('no', ['norway', 'no', 'nor', 'norge']), ('fi', ['finland', 'fi', 'fin', 'suomi']),
        ('pl', ['poland', 'pl', 'pol', 'polska']), ('br', ['brazil', 'br', 'bra', 'brasil']),
        ('mx', ['mexico', 'mx', 'mex']), ('sg', ['singapore', 'sg', 'sgp']), ('hk', ['hong kong', 'hk', 'hkg']),
        ('kr', ['south korea', 'kr', 'kor', 'korea', 'republic of korea']),
        ('cn', ['china', 'cn', 'chn', 'prc', 'peoples republic of china'])
    ) as countries (code, names);

create macro cleaned(file) as table
    with read as (
        select id, plain(name) as name, regexp_replace(host(website), '^www\.', '') as host, plain(country) as country, city, phone
        from query_table(file)
    ),
    plainer as (select *, without_form(regexp_replace(name, '^the (.)', '\1')) as bare, registrable(host) as site from read)
    select
        id,
        nullif(p.name, '') as plain_name,
        nullif(p.bare, '') as name,
        case when shared.domain is null then nullif(p.host, '') end as host,
        case when shared.domain is null then nullif(p.site, '') end as domain,
        coalesce(spellings.code, nullif(p.country, '')) as country,
        nullif(plain(p.city), '') as city,
        nullif(regexp_replace(p.phone, '[^0-9]', '', 'g'), '') as phone
    from plainer as p
    left join spellings on spellings.name = p.country
    left join shared on shared.domain = p.site;
