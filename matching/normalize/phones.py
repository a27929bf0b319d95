"""Find the digits of a phone number that say whose line it is.

People write one line in many ways: with the country's code or its trunk zero, with brackets, with an extension. What
stays is the national number, without the country's code: it is long enough to be rare, and many rows do not say where
they are.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

#: Below and from here a number names no line, or more than one: seven to fifteen digits (ITU-T E.164).
_LEAST: Final = 10**6
_MOST: Final = 10**15
#: A national number of the North American plan has ten digits.
_TEN_DIGITS: Final = 10**10
#: Digits from which a number may begin with its own country's code without a sign of it.
_WITH_CODE: Final = 11
#: What takes more care than leaving out signs: letters, a second number, traces of a spreadsheet.
_ODD: Final = r"[^0-9 ()+./-]|[0-9][^0-9]*\+| / |\.0 *$"
#: What goes without a word.
_SIGNS: Final = " ()+./-"
#: "ext. 12", "x12", "Durchwahl 5", "poste 7" at the end.
_EXTENSION: Final = (
    r"(?i)[\s,;(]*(?:extension|extn?|x|durchwahl|dw|apparat|app|poste|anexo|ramal|interno|toestel|#)[\s.:#]*\d{1,6}\W*$"
)
#: What follows a whole number: a second one. A comma or slash within a number has fewer digits before it.
_SECOND: Final = r"^((?:\D*\d){7,}?)(?:\s*[;,|+\n]|\s/\s|\s(?:or|and|oder|und|ou|et|o|y)\s).*$"
#: What a spreadsheet makes of a number: all but the first digits are gone, or a zero was added.
_FLOAT: Final = r"(?i)^\s*\d[.,]\d+e\+\d+\s*$|\.0\s*$"
#: What nobody has: one digit again and again, digits in a row.
_NONSENSE: Final = [int(digit * count) for digit in "123456789" for count in range(7, 16)] + [
    *(1234567, 12345678, 123456789, 1234567890, 987654321, 9876543210, 7654321, 87654321)
]

#: Calling codes (ITU-T E.164) with the countries that share them.
_CALLING_CODES: Final = """
1 US CA PR VI GU AS MP BS BB AI AG VG KY BM GD TC MS SX LC DM VC DO TT KN JM | 7 RU KZ | 20 EG | 27 ZA | 30 GR | 31 NL
32 BE | 33 FR | 34 ES | 36 HU | 39 IT VA SM | 40 RO | 41 CH | 43 AT | 44 GB GG JE IM | 45 DK | 46 SE | 47 NO SJ | 48 PL
49 DE | 51 PE | 52 MX | 53 CU | 54 AR | 55 BR | 56 CL | 57 CO | 58 VE | 60 MY | 61 AU CX CC | 62 ID | 63 PH | 64 NZ
65 SG | 66 TH | 81 JP | 82 KR | 84 VN | 86 CN | 90 TR | 91 IN | 92 PK | 93 AF | 94 LK | 95 MM | 98 IR | 211 SS
212 MA EH | 213 DZ | 216 TN | 218 LY | 220 GM | 221 SN | 222 MR | 223 ML | 224 GN | 225 CI | 226 BF | 227 NE | 228 TG
229 BJ | 230 MU | 231 LR | 232 SL | 233 GH | 234 NG | 235 TD | 236 CF | 237 CM | 238 CV | 239 ST | 240 GQ | 241 GA
242 CG | 243 CD | 244 AO | 245 GW | 246 IO | 248 SC | 249 SD | 250 RW | 251 ET | 252 SO | 253 DJ | 254 KE | 255 TZ
256 UG | 257 BI | 258 MZ | 260 ZM | 261 MG | 262 RE YT | 263 ZW | 264 NA | 265 MW | 266 LS | 267 BW | 268 SZ | 269 KM
290 SH | 291 ER | 297 AW | 298 FO | 299 GL | 350 GI | 351 PT | 352 LU | 353 IE | 354 IS | 355 AL | 356 MT | 357 CY
358 FI AX | 359 BG | 370 LT | 371 LV | 372 EE | 373 MD | 374 AM | 375 BY | 376 AD | 377 MC | 380 UA | 381 RS | 382 ME
383 XK | 385 HR | 386 SI | 387 BA | 389 MK | 420 CZ | 421 SK | 423 LI | 500 FK | 501 BZ | 502 GT | 503 SV | 504 HN
505 NI | 506 CR | 507 PA | 508 PM | 509 HT | 590 GP BL MF | 591 BO | 592 GY | 593 EC | 594 GF | 595 PY | 596 MQ | 597 SR
598 UY | 599 CW BQ | 670 TL | 672 NF AQ | 673 BN | 674 NR | 675 PG | 676 TO | 677 SB | 678 VU | 679 FJ | 680 PW | 681 WF
682 CK | 683 NU | 685 WS | 686 KI | 687 NC | 688 TV | 689 PF | 690 TK | 691 FM | 692 MH | 850 KP | 852 HK | 853 MO
855 KH | 856 LA | 880 BD | 886 TW | 960 MV | 961 LB | 962 JO | 963 SY | 964 IQ | 965 KW | 966 SA | 967 YE | 968 OM
970 PS | 971 AE | 972 IL | 973 BH | 974 QA | 975 BT | 976 MN | 977 NP | 992 TJ | 993 TM | 994 AZ | 995 GE | 996 KG
998 UZ
"""


def significant(phones: pl.Series, countries: pl.Series) -> pl.Series:
    """Return the national number of each, as a whole number; null for nonsense and for what is too short to tell.

    *countries* are alpha-2 codes or null, one for each phone. "+49 (0)89 1234-0", "0049 89 1234 0" and "089/12340" in
    DE all give 8912340. In the North American plan it takes ten digits to name a line.
    """
    text = phones.cast(pl.String)
    is_odd = text.to_frame("text").select(pl.col("text").str.contains(_ODD)).to_series().fill_null(False)
    odd = text.filter(is_odd).str.replace(_FLOAT, "").str.replace(_EXTENSION, "").str.replace(_SECOND, "$1")
    odd = odd.str.replace_all(r"[^0-9+]", "")
    text = text.clone().scatter(is_odd.arg_true(), odd)
    frame = pl.DataFrame({"text": text, "country": countries}).select(
        has_plus=pl.col("text").str.contains("+", literal=True),
        digits=pl.col("text").str.replace_many(dict.fromkeys(_SIGNS, "")),
        code=pl.col("country").replace_strict(_calling_codes(), default=None, return_dtype=pl.UInt64),
    )
    frame = _national(_read(frame))
    return frame.select(phone=pl.when(_names_a_line()).then("number")).to_series()


def _read(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* with what its ``digits`` say, read as a number from abroad.

    ``number`` (leading zeros are gone), ``its`` (the calling code that it begins with, null for none) and ``rest``.
    """
    # "011" leads abroad from the North American plan, as "00" does elsewhere.
    led = (
        pl.col("digits").str.starts_with("011")
        & (pl.col("code") == 1)
        & (pl.col("digits").str.len_bytes() > _WITH_CODE)
    )
    digits = pl.when(led.fill_null(False)).then(pl.col("digits").str.slice(3)).otherwise("digits")
    frame = frame.with_columns(led=led.fill_null(False) | pl.col("digits").str.starts_with("00"), digits=digits)
    frame = frame.with_columns(plain=pl.col("digits").str.strip_chars_start("0"))
    frame = frame.with_columns(
        number=pl.col("plain").cast(pl.UInt64, strict=False), length=pl.col("plain").str.len_bytes()
    )
    cut = [_power(pl.col("length").cast(pl.Int64) - length) for length in (1, 2, 3)]
    codes = pl.Series(sorted(set(_calling_codes().values())), dtype=pl.UInt64).implode()
    first = [pl.col("number") // power for power in cut]
    its = pl.coalesce(*(pl.when(code.is_in(codes)).then(code) for code in first))
    rest = pl.coalesce(
        *(pl.when(code.is_in(codes)).then(pl.col("number") % power) for code, power in zip(first, cut, strict=True))
    )
    return frame.with_columns(its=its, rest=rest)


def _national(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``code`` (the calling code, null if unknown) and ``number`` (national) of what `_read` read."""
    number, code, its = pl.col("number"), pl.col("code"), pl.col("its")
    is_whole = (pl.col("length") >= _WITH_CODE) & ~pl.col("digits").str.starts_with("0") & (its == code.fill_null(1))
    is_abroad = (pl.col("has_plus") | pl.col("led") | is_whole) & its.is_not_null()
    frame = frame.with_columns(
        number=pl.when(is_abroad).then("rest").otherwise("number"),
        code=pl.when(is_abroad).then("its").otherwise("code"),
        trunk=pl.when(~is_abroad).then(pl.col("digits")),
    )
    # Trunk digits other than zero: 8 in Russia, 06 in Hungary; Mexico's mobiles had a 1 or 044 before their ten digits.
    is_long = (code == 7) | (code == 52)
    is_hungarian = (code == 36) & pl.col("trunk").str.starts_with("06")
    short = number % _power(pl.col("length").cast(pl.Int64) - 1)
    number = pl.when(is_long).then(number % _TEN_DIGITS).when(is_hungarian).then(short).otherwise(number)
    return frame.select("code", number=number)


def _names_a_line() -> pl.Expr:
    """Return whether ``number`` (in a country of ``code``) can be somebody's."""
    number = pl.col("number")
    line = number % 10**7
    is_film = (line // 100 == 55501) | line.is_in([5551212, 5555555, 1234567]) | (number // 10**7 == 555)
    is_plan = number.is_between(2 * 10**9, _TEN_DIGITS - 1) & (line >= 2 * 10**6)
    can_be = number.is_between(_LEAST, _MOST - 1) & ~number.is_in(_NONSENSE) & (number % 10**6 != 0)
    return can_be & (pl.col("code").ne_missing(1) | (is_plan & ~is_film))


def _power(exponent: pl.Expr) -> pl.Expr:
    """Return ten to *exponent*, one for exponents below zero."""
    return pl.lit(pl.Series([10**place for place in range(19)], dtype=pl.UInt64)).gather(exponent.clip(0, 18))


@cache
def _calling_codes() -> dict[str, int]:
    """Return alpha-2 code of a country to its calling code."""
    lines = _CALLING_CODES.replace("\n", " | ").split(" | ")
    rows = [line.split() for line in lines if line.strip(" |")]
    return {country: int(code) for code, *countries in rows for country in countries}
