"""Find the digits of a phone number that say whose line it is.

People write one line in many ways: with the country's code or its trunk zero, with brackets, with an extension. What
stays is the national number, without the country's code: it is long enough to be rare, and many rows do not say where
they are.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Digits from which a number may begin with its own country's code without a sign of it.
_WITH_CODE: Final = 11
#: A power of ten with more digits than any calling code has a power for; a number has 64 bits.
_POWERS: Final = np.array([10**place for place in range(19)], dtype=np.uint64)
_NOTHING, _ONE, _TEN, _HIGHEST = np.uint64(0), np.uint64(1), np.uint64(10), np.uint64(2**64 - 1)
#: Below and from here a number names no line, or more than one: seven to fifteen digits (ITU-T E.164).
_LEAST, _MOST = np.uint64(10**6), np.uint64(10**15)
#: A national number of the North American plan has ten digits, the last seven without the area.
_TEN_DIGITS, _SEVEN_DIGITS = np.uint64(10**10), np.uint64(10**7)
_FIRST_AREA, _FIRST_LINE = np.uint64(2 * 10**9), np.uint64(2 * 10**6)
_END, _PLUS, _ZERO, _NINE = b"\n+09"
#: What takes more care than leaving out signs: letters, a second number, traces of a spreadsheet.
_ODD: Final = r"[^0-9 ()+./-]|[0-9][^0-9]*\+| / |\.0 *$"
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
    found = np.zeros(len(text), dtype=np.uint64)
    if text.null_count() < len(text):
        code = countries.replace_strict(_calling_codes(), default=0, return_dtype=pl.UInt64)
        _find(_letters(text), code.to_numpy(), _known_codes(), found)
    number = pl.col("phone")
    is_line = (number > 0) & ~number.is_in(_NONSENSE)
    return pl.DataFrame({"phone": found}).select(pl.when(is_line).then(number)).to_series()


def _letters(text: pl.Series) -> Array:
    """Return all texts as bytes, a line feed between any two: digits, plus and the signs that say nothing."""
    is_odd = text.to_frame("text").select(pl.col("text").str.contains(_ODD)).to_series().fill_null(False)
    if is_odd.any():
        odd = text.filter(is_odd).str.replace(_FLOAT, "").str.replace(_EXTENSION, "").str.replace(_SECOND, "$1")
        text = text.clone().scatter(is_odd.arg_true(), odd.str.replace_all(r"[^0-9+]", ""))
    return np.frombuffer(text.fill_null("").str.join("\n").cast(pl.Binary).item(), dtype=np.uint8)


@compiled
def _find(letters: Array, codes: Array, known: Array, found: Array) -> None:
    """Write to *found* the national number in each line of *letters*, 0 for none.

    *codes* are the calling codes of their countries, 0 for unknown; *known* says of each number whether it is one.
    """
    end = -1
    for row in range(len(found)):
        begin = end = end + 1
        while end < len(letters) and letters[end] != _END:
            end += 1
        if begin < end:
            found[row] = _national(letters[begin:end], codes[row], known)


@compiled
def _national(letters: Array, code: Any, known: Array) -> Any:
    """Return the national number that *letters* say in the country of *code*, 0 if it is nobody's."""
    is_from_abroad, count, first = False, 0, 0
    for letter in letters:
        if letter == _PLUS:
            is_from_abroad = True
        elif _ZERO <= letter <= _NINE:
            count += 1
            first = first * 10 + letter - _ZERO if count <= 3 else first
    # "011" leads abroad from the North American plan, as "00" does elsewhere.
    skipped = 3 if first == 11 and code == 1 and count > _WITH_CODE else 0
    number, length = _number(letters, skipped)
    zeros = count - skipped - length
    if length == 0:
        return number
    is_from_abroad = is_from_abroad or skipped > 0 or zeros >= 2
    for digits in range(1, 4):
        power = _POWERS[min(max(length - digits, 0), 18)]
        its = number // power
        if known[its]:
            is_whole = length >= _WITH_CODE and zeros == 0 and its == max(code, _ONE)
            if is_from_abroad or is_whole:
                return _line(number % power, its)
            break
    # Trunk digits other than zero: 06 in Hungary; Russia's and Mexico's go with the code.
    if code == 36 and zeros == 1 and number // _POWERS[min(length - 1, 18)] == 6:
        number %= _POWERS[min(length - 1, 18)]
    return _line(number, code)


@compiled
def _number(letters: Array, skipped: int) -> tuple[Any, int]:
    """Return what the digits behind the first *skipped* ones say, and their count without leading zeros.

    Both are 0 where there is none, or more than 64 bits hold.
    """
    number, length = _NOTHING, 0
    for letter in letters:
        if _ZERO <= letter <= _NINE:
            digit = np.uint64(letter - _ZERO)
            if skipped > 0:
                skipped -= 1
            elif number > 0 or digit > 0:
                if number > (_HIGHEST - digit) // _TEN:
                    return _NOTHING, 0
                number = number * _TEN + digit
                length += 1
    return number, length


@compiled
def _line(number: Any, code: Any) -> Any:
    """Return the national *number* in a country of *code* if it can be somebody's, else 0."""
    if code == 7 or code == 52:  # Russia has the trunk digit 8; Mexico's mobiles had a 1 or 044 before their ten digits
        number %= _TEN_DIGITS
    if not _LEAST <= number < _MOST or number % _LEAST == 0:
        return _NOTHING
    if code == 1:
        line = number % _SEVEN_DIGITS
        if number < _FIRST_AREA or number >= _TEN_DIGITS or line < _FIRST_LINE:
            return _NOTHING
        is_film = 5550100 <= line < 5550200 or line == 5551212 or line == 5555555 or line == 1234567
        if is_film or number // _SEVEN_DIGITS == 555:
            return _NOTHING
    return number


@cache
def _calling_codes() -> dict[str, int]:
    """Return alpha-2 code of a country to its calling code."""
    lines = _CALLING_CODES.replace("\n", " | ").split(" | ")
    rows = [line.split() for line in lines if line.strip(" |")]
    return {country: int(code) for code, *countries in rows for country in countries}


@cache
def _known_codes() -> Array:
    """Return for each number of three digits at most whether it is a calling code."""
    known = np.zeros(1000, dtype=np.bool_)
    known[list(_calling_codes().values())] = True
    return known
