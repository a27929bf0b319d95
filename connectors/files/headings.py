"""Which column of a partner's table is which of ours.

The one thing to know: a heading is compared by its letters and digits only, so "Billing Zip/Postal Code",
"BillingPostalCode" and "BILLING_POSTAL_CODE" need no aliases of their own. Where a table has two headings for one of
our columns, the alias that stands first wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

from overlap.errors import ConfigError, GuardError

#: By our columns (those of `overlap.model.PartnerAccount` but `partner`), the best alias first. Salesforce and HubSpot
#: exports come under API names and under labels; billing before shipping, a company before a person.
_ALIASES: Final = {
    "id": (
        "ID, Account ID, Record ID, Company ID, hs_object_id, External ID, CRM ID, Customer ID, Client ID, "
        "Organization ID, Account Number, Customer Number, Customer No, Datensatz-ID, Firmen-ID, Kunden-ID, "
        "Kundennummer, Kunden-Nr., Debitorennummer, Debitor, ID client, Numéro de client, N° client, ID de "
        "cliente, Número de cliente, Key"
    ),
    "name": (
        "Account Name, Company Name, Company, Organization Name, Organisation Name, Organization, Organisation, "
        "Customer Name, Client Name, Business Name, Legal Name, Firma, Firmenname, Unternehmen, Unternehmensname, "
        "Name des Unternehmens, Name der Firma, Kundenname, Raison sociale, Nom de l'entreprise, Nom de la "
        "société, Nom du compte, Nom du client, Société, Entreprise, Razón social, Nombre de la empresa, Nombre "
        "de la cuenta, Nombre del cliente, Empresa, Name, Name 1, Account, Customer, Client, Kunde, Cliente, Nom, "
        "Nombre"
    ),
    "website": (
        "Company Domain Name, Domain, Domain Name, Website Domain, Company Domain, Primary Domain, Domäne, "
        "Domaine, Nom de domaine, Dominio, Website, Website URL, Company Website, Web, URL, Homepage, Webseite, "
        "Internetseite, Internetadresse, Site web, Site internet, Sitio web, Página web"
    ),
    "phone": (
        "Phone, Phone Number, Account Phone, Company Phone, Main Phone, Telephone, Telephone Number, Telefon, "
        "Telefonnummer, Tel., Tel. Nr., Rufnummer, Numéro de téléphone, Teléfono, Número de teléfono"
    ),
    "street": (
        "Billing Street, Billing Address Line 1, Street Address, Street, Address Line 1, Address 1, Address, "
        "Billing Address, Rechnungsstraße, Straße, Straße und Hausnummer, Straße Nr., Straße/Hausnummer, "
        "Anschrift, Adresse, Rue, Calle, Dirección, Domicilio, Mailing Street, Shipping Street, Shipping Address "
        "Line 1, Shipping Address"
    ),
    "city": (
        "Billing City, City, Town, City/Town, Rechnungsort, Ort, Stadt, Ville, Ciudad, Localidad, HQ City, "
        "Mailing City, Shipping City"
    ),
    "state": (
        "Billing State/Province, Billing State, Billing State Code, State/Region, State/Province, State, "
        "Province, State Code, Bundesland, Kanton, Bundesland/Region, County, Département, Estado, Provincia, "
        "Estado/región, Mailing State, Shipping State/Province, Shipping State, Shipping State Code, Region"
    ),
    "postcode": (
        "Billing Zip/Postal Code, Billing Postal Code, Billing Zip, Postal Code, Postcode, Zip, Zip Code, "
        "Zip/Postal Code, Postal/Zip Code, PLZ, Postleitzahl, Code postal, Código postal, Mailing Postal Code, "
        "Shipping Zip/Postal Code, Shipping Postal Code"
    ),
    "country": (
        "Billing Country, Billing Country Code, Country/Region, Country, Country Name, Country Code, Country ISO, "
        "Rechnungsland, Land, Land/Region, Staat, Ländercode, Länderkürzel, Pays, Pays/Région, País, País/región, "
        "HQ Country, Mailing Country, Shipping Country, Shipping Country Code"
    ),
    "industry": (
        "Industry, Primary Industry, Sector, Vertical, Branche, Industrie, Wirtschaftszweig, Secteur, Secteur "
        "d'activité, Industria"
    ),
    "headcount": (
        "Number of Employees, Employees, Employee Count, No. of Employees, Headcount, Employee Range, Company "
        "Size, FTE, Mitarbeiter, Mitarbeiterzahl, Anzahl Mitarbeiter, Anzahl der Mitarbeiter, Zahl der "
        "Mitarbeiter, Mitarbeitende, Anzahl Mitarbeitende, Beschäftigte, Unternehmensgröße, Effectif, Nombre "
        "d'employés, Número de empleados, Empleados, Plantilla"
    ),
    "population": (
        "Population, Lifecycle Stage, Customer Status, Account Status, Relationship, Kundenstatus, Lifecycle "
        "Phase, Statut client, Étape du cycle de vie, Estado del cliente, Etapa del ciclo de vida, Status, "
        "Statut, Account Stage, Stage, Phase, Account Type, Customer Type, Kundentyp, Kundenart, Type de compte, "
        "Type, Typ, Tipo"
    ),
    "owner_name": (
        "Account Owner, Account Owner Name, Company Owner, Owner Name, Owner Full Name, Account Owner Full Name, "
        "Owner, Account Manager, Account Executive, Key Account Manager, Sales Rep, Account-Inhaber, Kundenbetreuer, "
        "Betreuer, Name des Betreuers, Zuständiger Mitarbeiter, Verantwortlich, Zuständig, Ansprechpartner, "
        "Propriétaire du compte, Propriétaire de l'entreprise, Propriétaire, Responsable, Propietario de la cuenta, "
        "Propietario de la empresa, Propietario"
    ),
    "owner_email": (
        "Owner Email, Account Owner Email, Company Owner Email, Account Manager Email, AE Email, Account "
        "Executive Email, Sales Rep Email, Rep Email, E-Mail des Betreuers, Betreuer E-Mail, E-Mail Betreuer, "
        "Kundenbetreuer E-Mail, Ansprechpartner E-Mail, E-mail du propriétaire, Correo del propietario"
    ),
    "claim": (
        "Partner Influence, Influence, Partner Claim, Claim, Beitrag zum Geschäft, Partnerbeitrag, Beitrag, "
        "Einfluss, Contribution, Influencia"
    ),
    "claimed_on": (
        "Influence Date, Influenced On, Claim Date, Claimed On, Date of Influence, Beitrag am, Datum des "
        "Beitrags, Beitragsdatum, Date d'influence, Date de contribution, Fecha de influencia"
    ),
}
#: Where else a company's website shows. An owner's address is one of our own people: it is none of these.
_OTHER_SITES: Final = "hs_additional_domains, Additional Domains, Other Domains, Domains, Websites"
_EMAILS: Final = (
    "Company Email, Business Email, Email, E-Mail, Email Address, E-Mail Address, Email Domain, Work Email, Contact "
    "Email, Primary Email, Primary Contact Email, Main Contact Email, Account Email, E-Mail-Adresse, Kontakt E-Mail, "
    "Mail, Courriel, Adresse e-mail, Correo, Correo electrónico"
)
#: What exports hold beside, and nobody reads.
_UNREAD: Final = (
    "Parent Account, Parent Company, Annual Revenue, Revenue, Fax, Description, Rating, Created Date, Create Date, "
    "Last Activity, Last Activity Date, Last Modified Date, Billing Latitude, Billing Longitude, Record Type, Notes, "
    "Comments, Umsatz, Jahresumsatz, Notizen, Bemerkung, Bemerkungen, Open Deal, Overlap Time, File Name, Upload Time"
)
#: How columns of a table without headings are called, with a letter behind.
MADE_UP: Final = "column "
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    column: tuple(aliases.split(", ")) for column, aliases in _ALIASES.items()
}
COLUMNS: Final = tuple(ALIASES)


def recognise(headings: Sequence[str], overrides: Mapping[str, str]) -> Mapping[str, str]:
    """Return which heading stands for which of our columns: column to heading, in the order of `COLUMNS`.

    *overrides* (column to heading) come first; an empty one says that no heading stands for the column. A heading
    stands for one column at most.

    Raises:
        ConfigError: an override is for a column that is not ours, or names a heading that *headings* lack.
    """
    chosen = {column: _overridden(column, heading, headings) for column, heading in overrides.items()}
    by_letters: dict[str, str] = {}
    for heading in headings:
        if heading not in chosen.values():
            by_letters.setdefault(squashed(heading), heading)
    for column in COLUMNS:
        if column not in chosen:
            chosen[column] = next((by_letters[alias] for alias in _SQUASHED[column] if alias in by_letters), "")
    return {column: chosen[column] for column in COLUMNS if chosen[column]}


def website_fallbacks(
    headings: Sequence[str], recognised: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which further headings hold websites, and which e-mail addresses, the best first of each.

    *recognised* is what `recognise` made of *headings*; what stands for a column there is left out.
    """
    by_letters = {squashed(heading): heading for heading in headings if heading not in recognised.values()}
    sites = (*_SQUASHED["website"], *map(squashed, _OTHER_SITES.split(", ")))
    emails = map(squashed, _EMAILS.split(", "))
    return (
        tuple(dict.fromkeys(by_letters[alias] for alias in sites if alias in by_letters)),
        tuple(dict.fromkeys(by_letters[alias] for alias in emails if alias in by_letters)),
    )


def is_known(heading: str) -> bool:
    """Whether *heading* is a word that lists use for something that we know, whether or not it is read here."""
    return squashed(heading) in _KNOWN


def check_recognised(
    recognised: Mapping[str, str], headings: Sequence[str], path: Path, has_settings: bool = True
) -> None:
    """Hold the file at *path* if no heading of it stands for the name of a company.

    *has_settings* says that a partner's settings could name it.

    Raises:
        GuardError: there is none; the message shows what the first row says.
    """
    if "name" in recognised:
        return
    if all(heading.startswith(MADE_UP) for heading in headings):
        raise GuardError(
            f"{path.name}: no row of headings, and no column is plainly one of company names; write headings above it"
            + (f', or the partner\'s setting headings = {{ name = "{MADE_UP}B" }}' if has_settings else "")
        )
    first_row = ", ".join(f"'{heading}'" for heading in headings[:12])
    setting = (
        ', or write the partner\'s setting headings = { name = "Their heading" }, or say it with '
        "'overlap partner mapping PARTNER --set name=HEADING'"
    )
    setting = setting if has_settings else ""
    what = "no heading for the company name" if recognised else "no heading recognised"
    raise GuardError(
        f"{path.name}: {what}; the first row says {first_row}. If headings stand lower, remove the rows above them; "
        f"else rename the heading to Name{setting}"
    )


@lru_cache(maxsize=4_096)
def squashed(text: str) -> str:
    """Return the letters and digits of *text* without case and accents; "Größe" and "GROESSE" are both ``grosse``."""
    text = re.sub(r"^(account|company)\s*:\s*|__c$", "", text.strip(), flags=re.IGNORECASE)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())
    return re.sub(r"([aou])e", r"\1", plain)


_SQUASHED: Final = {column: tuple(map(squashed, aliases)) for column, aliases in ALIASES.items()}
_KNOWN: Final = frozenset(
    {alias for aliases in _SQUASHED.values() for alias in aliases}
    | {squashed(alias) for aliases in (_OTHER_SITES, _EMAILS, _UNREAD) for alias in aliases.split(", ")}
)


def _overridden(column: str, heading: str, headings: Sequence[str]) -> str:
    if column not in ALIASES:
        raise ConfigError(f"headings.{column}: not a column of ours{did_you_mean(column, COLUMNS)}")
    if not heading or heading in headings:
        return heading
    alike = next((other for other in headings if squashed(other) == squashed(heading)), None)
    if alike is None:
        raise ConfigError(f"headings.{column}: the file has no heading '{heading}'{did_you_mean(heading, headings)}")
    return alike


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean '...'?`` for the nearest of *known*, or what there is if none is near."""
    near = get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; there are: {', '.join(known)}"
