"""The properties that HubSpot itself gives companies, deals and custom objects, as far as anybody here needs them.

Source: HubSpot's lists of default properties. A line is: name, label, type, field type; ``!`` before the name means
that only HubSpot sets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.sandbox.hubspot.schema import COMPANIES, DEALS, Option, Property

#: The deal pipeline of every portal: stage, label, probability of winning, closed.
STAGES: Final = (
    ("appointmentscheduled", "Appointment scheduled", "0.2", False),
    ("qualifiedtobuy", "Qualified to buy", "0.4", False),
    ("presentationscheduled", "Presentation scheduled", "0.6", False),
    ("decisionmakerboughtin", "Decision maker bought-in", "0.8", False),
    ("contractsent", "Contract sent", "0.9", False),
    ("closedwon", "Closed won", "1.0", True),
    ("closedlost", "Closed lost", "0.0", True),
)
_EVERY: Final = """
!hs_object_id, Record ID, number, number
!hs_createdate, Object create date/time, datetime, date
!hs_lastmodifieddate, Last modified date, datetime, date
!hs_merged_object_ids, Merged record IDs, enumeration, checkbox
hubspot_owner_id, Owner, enumeration, select
"""
_COMPANIES: Final = """
name, Company name, string, text
domain, Company domain name, string, text
hs_additional_domains, Additional domains, enumeration, checkbox
website, Website URL, string, text
phone, Phone number, string, phonenumber
address, Street address, string, text
address2, Street address 2, string, text
city, City, string, text
state, State/Region, string, text
zip, Postal code, string, text
country, Country/Region, string, text
industry, Industry, enumeration, select
numberofemployees, Number of employees, number, number
annualrevenue, Annual revenue, number, number
founded_year, Year founded, string, text
is_public, Is public, bool, booleancheckbox
type, Type, enumeration, select
lifecyclestage, Lifecycle stage, enumeration, radio
hs_lead_status, Lead status, enumeration, radio
description, Description, string, textarea
linkedin_company_page, LinkedIn company page, string, text
!createdate, Create date, datetime, date
!hs_parent_company_id, Parent company, number, number
!hs_num_child_companies, Number of child companies, number, number
!num_associated_deals, Number of associated deals, number, number
"""
_DEALS: Final = """
dealname, Deal name, string, text
amount, Amount, number, number
dealstage, Deal stage, enumeration, radio
pipeline, Pipeline, enumeration, select
closedate, Close date, datetime, date
dealtype, Deal type, enumeration, radio
description, Deal description, string, textarea
hs_priority, Priority, enumeration, select
closed_lost_reason, Closed lost reason, string, textarea
closed_won_reason, Closed won reason, string, textarea
createdate, Create date, datetime, date
!amount_in_home_currency, Amount in company currency, number, number
!hs_is_closed, Is deal closed?, bool, booleancheckbox
!hs_is_closed_won, Is closed won, bool, booleancheckbox
!hs_deal_stage_probability, Deal probability, number, number
!hs_primary_associated_company, Primary associated company, number, number
!num_associated_contacts, Number of associated contacts, number, number
"""
_NAMES: Final = """
ACCOUNTING AIRLINES_AVIATION ALTERNATIVE_DISPUTE_RESOLUTION ALTERNATIVE_MEDICINE ANIMATION APPAREL_FASHION
ARCHITECTURE_PLANNING ARTS_AND_CRAFTS AUTOMOTIVE AVIATION_AEROSPACE BANKING BIOTECHNOLOGY BROADCAST_MEDIA
BUILDING_MATERIALS BUSINESS_SUPPLIES_AND_EQUIPMENT CAPITAL_MARKETS CHEMICALS CIVIC_SOCIAL_ORGANIZATION
CIVIL_ENGINEERING COMMERCIAL_REAL_ESTATE COMPUTER_NETWORK_SECURITY COMPUTER_GAMES COMPUTER_HARDWARE
COMPUTER_NETWORKING COMPUTER_SOFTWARE INTERNET CONSTRUCTION CONSUMER_ELECTRONICS CONSUMER_GOODS CONSUMER_SERVICES
COSMETICS DAIRY DEFENSE_SPACE DESIGN EDUCATION_MANAGEMENT E_LEARNING ELECTRICAL_ELECTRONIC_MANUFACTURING
ENTERTAINMENT ENVIRONMENTAL_SERVICES EVENTS_SERVICES EXECUTIVE_OFFICE FACILITIES_SERVICES FARMING
FINANCIAL_SERVICES FINE_ART FISHERY FOOD_BEVERAGES FOOD_PRODUCTION FUND_RAISING FURNITURE GAMBLING_CASINOS
GLASS_CERAMICS_CONCRETE GOVERNMENT_ADMINISTRATION GOVERNMENT_RELATIONS GRAPHIC_DESIGN HEALTH_WELLNESS_AND_FITNESS
HIGHER_EDUCATION HOSPITAL_HEALTH_CARE HOSPITALITY HUMAN_RESOURCES IMPORT_AND_EXPORT INDIVIDUAL_FAMILY_SERVICES
INDUSTRIAL_AUTOMATION INFORMATION_SERVICES INFORMATION_TECHNOLOGY_AND_SERVICES INSURANCE INTERNATIONAL_AFFAIRS
INTERNATIONAL_TRADE_AND_DEVELOPMENT INVESTMENT_BANKING INVESTMENT_MANAGEMENT JUDICIARY LAW_ENFORCEMENT LAW_PRACTICE
LEGAL_SERVICES LEGISLATIVE_OFFICE LEISURE_TRAVEL_TOURISM LIBRARIES LOGISTICS_AND_SUPPLY_CHAIN LUXURY_GOODS_JEWELRY
MACHINERY MANAGEMENT_CONSULTING MARITIME MARKET_RESEARCH MARKETING_AND_ADVERTISING
MECHANICAL_OR_INDUSTRIAL_ENGINEERING MEDIA_PRODUCTION MEDICAL_DEVICES MEDICAL_PRACTICE MENTAL_HEALTH_CARE MILITARY
MINING_METALS MOTION_PICTURES_AND_FILM MUSEUMS_AND_INSTITUTIONS MUSIC NANOTECHNOLOGY NEWSPAPERS
NON_PROFIT_ORGANIZATION_MANAGEMENT OIL_ENERGY ONLINE_MEDIA OUTSOURCING_OFFSHORING PACKAGE_FREIGHT_DELIVERY
PACKAGING_AND_CONTAINERS PAPER_FOREST_PRODUCTS PERFORMING_ARTS PHARMACEUTICALS PHILANTHROPY PHOTOGRAPHY PLASTICS
POLITICAL_ORGANIZATION PRIMARY_SECONDARY_EDUCATION PRINTING PROFESSIONAL_TRAINING_COACHING PROGRAM_DEVELOPMENT
PUBLIC_POLICY PUBLIC_RELATIONS_AND_COMMUNICATIONS PUBLIC_SAFETY PUBLISHING RAILROAD_MANUFACTURE RANCHING REAL_ESTATE
RECREATIONAL_FACILITIES_AND_SERVICES RELIGIOUS_INSTITUTIONS RENEWABLES_ENVIRONMENT RESEARCH RESTAURANTS RETAIL
SECURITY_AND_INVESTIGATIONS SEMICONDUCTORS SHIPBUILDING SPORTING_GOODS SPORTS STAFFING_AND_RECRUITING SUPERMARKETS
TELECOMMUNICATIONS TEXTILES THINK_TANKS TOBACCO TRANSLATION_AND_LOCALIZATION TRANSPORTATION_TRUCKING_RAILROAD
UTILITIES VENTURE_CAPITAL_PRIVATE_EQUITY VETERINARY WAREHOUSING WHOLESALE WINE_AND_SPIRITS WIRELESS
WRITING_AND_EDITING
"""
INDUSTRIES: Final = tuple(_NAMES.split())
_BOOL: Final = ("true", "false")
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "industry": INDUSTRIES,
    "type": ("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"),
    "lifecyclestage": (
        *("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead"),
        *("opportunity", "customer", "evangelist", "other"),
    ),
    "hs_lead_status": (
        *("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED"),
        *("ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"),
    ),
    "dealtype": ("newbusiness", "existingbusiness"),
    "hs_priority": ("low", "medium", "high"),
    "is_public": _BOOL,
    "hs_is_closed": _BOOL,
    "hs_is_closed_won": _BOOL,
}
#: Enumerations whose values are not among any options: HubSpot keeps them elsewhere.
FREE: Final = frozenset({"hs_merged_object_ids", "hs_additional_domains", "dealstage", "pipeline"})


def properties(type_id: str) -> list[Property]:
    """Return what HubSpot defines for an object; of a custom one, what every object has."""
    tables = {COMPANIES.type_id: _COMPANIES, DEALS.type_id: _DEALS}
    group = {COMPANIES.type_id: "companyinformation", DEALS.type_id: "dealinformation"}.get(
        type_id, "object_information"
    )
    lines = filter(None, (_EVERY + tables.get(type_id, "")).splitlines())
    return [_property([part.strip() for part in line.split(",")], group) for line in lines]


def groups(type_id: str) -> list[tuple[str, str]]:
    """Return the name and the label of each property group that an object has from the start."""
    known = {
        COMPANIES.type_id: ("companyinformation", "Company information"),
        DEALS.type_id: ("dealinformation", "Deal information"),
    }
    return [known.get(type_id, ("object_information", "Object information"))]


def default_pipeline() -> dict[str, Any]:
    """Return the deal pipeline of a new portal: its id, its label, and its stages."""
    stages = [
        {"id": stage, "label": label, "metadata": {"isClosed": str(closed).lower(), "probability": probability}}
        for stage, label, probability, closed in STAGES
    ]
    return {"id": "default", "label": "Sales Pipeline", "stages": stages}


def _property(parts: list[str], group: str) -> Property:
    name, label, kind, field_type = parts
    plain = name.removeprefix("!")
    values = _OPTIONS.get(plain, ())
    return Property(
        name=plain,
        label=label,
        type=kind,
        field_type=field_type,
        group=group,
        options=tuple(
            Option(value, value.replace("_", " ").capitalize(), display_order=place)
            for place, value in enumerate(values)
        ),
        read_only=name.startswith("!"),
        owners=plain == "hubspot_owner_id",
        form_field=kind == "string",
    )
