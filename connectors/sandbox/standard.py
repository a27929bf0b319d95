"""Salesforce's own objects, as much of them as the sandbox keeps.

One line per field: name | label | type | access | values. Types carry a length, digits or the object they point to;
access says (c)reateable, (u)pdateable, (n)illable, (d)efaulted on create, (k)ey to look a record up by. ``!`` before
values means restricted. Left out on purpose: compound addresses and what the sandbox could only answer wrongly (fiscal
periods, activity, history).
Source: describes of a Developer Edition org (API 48 to 62), standard fields only.
"""

from __future__ import annotations

from typing import Final

#: API name: (label, plural, fields beside the system's).
OBJECTS: Final = {
    "Organization": (
        "Organization",
        "Organizations",
        """
        Name                  | Name                       | string(80)            | u
        Country               | Country                    | string(80)            | un
        IsSandbox             | Is Sandbox                 | boolean               | d
        OrganizationType      | Edition                    | picklist(40)          | n
        InstanceName          | Instance Name              | string(5)             | n
        NamespacePrefix       | Namespace Prefix           | string(15)            | n
        TimeZoneSidKey        | Time Zone                  | picklist(40)          | u
        DefaultLocaleSidKey   | Locale                     | picklist(40)          | u
        LanguageLocaleKey     | Language                   | picklist(40)          | u
        """,
    ),
    "User": (
        "User",
        "Users",
        """
        Username              | Username                   | string(80)            | cu
        FirstName             | First Name                 | string(40)            | cun
        LastName              | Last Name                  | string(80)            | cu
        Name                  | Full Name                  | string(121)           | d
        Email                 | Email                      | email(128)            | cu
        Title                 | Title                      | string(80)            | cun
        Department            | Department                 | string(80)            | cun
        IsActive              | Active                     | boolean               | cud
        UserType              | User Type                  | picklist(40)          | n     | ! Standard, Partner
        """,
    ),
    "Account": (
        "Account",
        "Accounts",
        """
        MasterRecordId        | Master Record ID           | reference(Account)    | n
        Name                  | Account Name               | string(255)           | cu
        Type                  | Account Type               | picklist(40)          | cun   | Prospect, \
Customer - Direct, Customer - Channel, Channel Partner / Reseller, Installation Partner, Technology Partner, Other
        ParentId              | Parent Account ID          | reference(Account)    | cun
        BillingStreet         | Billing Street             | textarea(255)         | cun
        BillingCity           | Billing City               | string(40)            | cun
        BillingState          | Billing State/Province     | string(80)            | cun
        BillingPostalCode     | Billing Zip/Postal Code    | string(20)            | cun
        BillingCountry        | Billing Country            | string(80)            | cun
        BillingLatitude       | Billing Latitude           | double(18,15)         | cun
        BillingLongitude      | Billing Longitude          | double(18,15)         | cun
        ShippingStreet        | Shipping Street            | textarea(255)         | cun
        ShippingCity          | Shipping City              | string(40)            | cun
        ShippingState         | Shipping State/Province    | string(80)            | cun
        ShippingPostalCode    | Shipping Zip/Postal Code   | string(20)            | cun
        ShippingCountry       | Shipping Country           | string(80)            | cun
        ShippingLatitude      | Shipping Latitude          | double(18,15)         | cun
        ShippingLongitude     | Shipping Longitude         | double(18,15)         | cun
        Phone                 | Account Phone              | phone(40)             | cun
        Fax                   | Account Fax                | phone(40)             | cun
        AccountNumber         | Account Number             | string(40)            | cun
        Website               | Website                    | url(255)              | cun
        Sic                   | SIC Code                   | string(20)            | cun
        Industry              | Industry                   | picklist(40)          | cun   | Agriculture, Apparel, \
Banking, Biotechnology, Chemicals, Communications, Construction, Consulting, Education, Electronics, Energy, \
Engineering, Entertainment, Environmental, Finance, Food & Beverage, Government, Healthcare, Hospitality, Insurance, \
Machinery, Manufacturing, Media, Not For Profit, Recreation, Retail, Shipping, Technology, Telecommunications, \
Transportation, Utilities, Other
        AnnualRevenue         | Annual Revenue             | currency(18,0)        | cun
        NumberOfEmployees     | Employees                  | int(8)                | cun
        Ownership             | Ownership                  | picklist(40)          | cun   | Public, Private, \
Subsidiary, Other
        TickerSymbol          | Ticker Symbol              | string(20)            | cun
        Description           | Account Description        | textarea(32000)       | cun
        Rating                | Account Rating             | picklist(40)          | cun   | Hot, Warm, Cold
        Site                  | Account Site               | string(80)            | cun
        IsPartner             | Partner Account            | boolean               | ud
        Jigsaw                | Data.com Key               | string(20)            | cun
        CleanStatus           | Clean Status               | picklist(40)          | cun   | ! Matched, Different, \
Acknowledged, NotFound, Inactive, Pending, SelectMatch, Skipped
        AccountSource         | Account Source             | picklist(40)          | cun   | Web, Phone Inquiry, \
Partner Referral, Purchased List, Other
        DunsNumber            | D-U-N-S Number             | string(9)             | cun
        Tradestyle            | Tradestyle                 | string(255)           | cun
        NaicsCode             | NAICS Code                 | string(8)             | cun
        NaicsDesc             | NAICS Description          | string(120)           | cun
        YearStarted           | Year Started               | string(4)             | cun
        SicDesc               | SIC Description            | string(80)            | cun
        """,
    ),
    "Opportunity": (
        "Opportunity",
        "Opportunities",
        """
        AccountId             | Account ID                 | reference(Account)    | cun
        IsPrivate             | Private                    | boolean               | cud
        Name                  | Name                       | string(120)           | cu
        Description           | Description                | textarea(32000)       | cun
        StageName             | Stage                      | picklist(255)         | cu    | Prospecting, \
Qualification, Needs Analysis, Value Proposition, Id. Decision Makers, Perception Analysis, Proposal/Price Quote, \
Negotiation/Review, Closed Won, Closed Lost
        Amount                | Amount                     | currency(18,2)        | cun
        Probability           | Probability (%)            | percent(3,0)          | cund
        TotalOpportunityQuantity | Quantity                | double(18,2)          | cun
        CloseDate             | Close Date                 | date                  | cu
        Type                  | Opportunity Type           | picklist(255)         | cun   | \
Existing Customer - Upgrade, Existing Customer - Replacement, Existing Customer - Downgrade, New Customer
        NextStep              | Next Step                  | string(255)           | cun
        LeadSource            | Lead Source                | picklist(255)         | cun   | Web, Phone Inquiry, \
Partner Referral, Purchased List, Other
        IsClosed              | Closed                     | boolean               | d
        IsWon                 | Won                        | boolean               | d
        ForecastCategory      | Forecast Category          | picklist(40)          |       | ! Omitted, Pipeline, \
BestCase, MostLikely, Forecast, Closed
        ForecastCategoryName  | Forecast Category          | picklist(255)         | cund  | ! Omitted, Pipeline, \
Best Case, Commit, Closed
        LastStageChangeDate   | Last Stage Change Date     | datetime              | n
        """,
    ),
    "OpportunityPartner": (
        "Opportunity Partner",
        "Opportunity Partners",
        """
        OpportunityId         | Opportunity ID             | reference(Opportunity) | c
        AccountToId           | Account ID                 | reference(Account)    | c
        Role                  | Role                       | picklist(40)          | cn    | Advertiser, Agency, \
Broker, Consultant, Dealer, Developer, Distributor, Institution, Lender, System Integrator, VAR/Reseller
        IsPrimary             | Primary                    | boolean               | cd
        """,
    ),
    "Contact": (
        "Contact",
        "Contacts",
        """
        MasterRecordId        | Master Record ID           | reference(Contact)    | n
        AccountId             | Account ID                 | reference(Account)    | cun
        LastName              | Last Name                  | string(80)            | cu
        FirstName             | First Name                 | string(40)            | cun
        Salutation            | Salutation                 | picklist(40)          | cun   | Mr., Ms., Mrs., Dr., Prof.
        Name                  | Full Name                  | string(121)           |
        MailingStreet         | Mailing Street             | textarea(255)         | cun
        MailingCity           | Mailing City               | string(40)            | cun
        MailingState          | Mailing State/Province     | string(80)            | cun
        MailingPostalCode     | Mailing Zip/Postal Code    | string(20)            | cun
        MailingCountry        | Mailing Country            | string(80)            | cun
        Phone                 | Business Phone             | phone(40)             | cun
        MobilePhone           | Mobile Phone               | phone(40)             | cun
        ReportsToId           | Reports To ID              | reference(Contact)    | cun
        Email                 | Email                      | email(80)             | cunk
        Title                 | Title                      | string(128)           | cun
        Department            | Department                 | string(80)            | cun
        LeadSource            | Lead Source                | picklist(255)         | cun   | Web, Phone Inquiry, \
Partner Referral, Purchased List, Other
        Description           | Contact Description        | textarea(32000)       | cun
        """,
    ),
    "Lead": (
        "Lead",
        "Leads",
        """
        MasterRecordId        | Master Record ID           | reference(Lead)       | n
        LastName              | Last Name                  | string(80)            | cu
        FirstName             | First Name                 | string(40)            | cun
        Salutation            | Salutation                 | picklist(40)          | cun   | Mr., Ms., Mrs., Dr., \
Prof., Mx.
        Name                  | Full Name                  | string(121)           |
        Title                 | Title                      | string(128)           | cun
        Company               | Company                    | string(255)           | cu
        Street                | Street                     | textarea(255)         | cun
        City                  | City                       | string(40)            | cun
        State                 | State/Province             | string(80)            | cun
        PostalCode            | Zip/Postal Code            | string(20)            | cun
        Country               | Country                    | string(80)            | cun
        Phone                 | Phone                      | phone(40)             | cun
        MobilePhone           | Mobile Phone               | phone(40)             | cun
        Fax                   | Fax                        | phone(40)             | cun
        Email                 | Email                      | email(80)             | cunk
        Website               | Website                    | url(255)              | cun
        Description           | Description                | textarea(32000)       | cun
        LeadSource            | Lead Source                | picklist(255)         | cun   | Web, Phone Inquiry, \
Partner Referral, Purchased List, Other
        Status                | Status                     | picklist(255)         | cud   | Open - Not Contacted, \
Working - Contacted, Closed - Converted, Closed - Not Converted
        Industry              | Industry                   | picklist(255)         | cun   | Agriculture, Apparel, \
Banking, Biotechnology, Chemicals, Communications, Construction, Consulting, Education, Electronics, Energy, \
Engineering, Entertainment, Environmental, Finance, Food & Beverage, Government, Healthcare, Hospitality, Insurance, \
Machinery, Manufacturing, Media, Not For Profit, Recreation, Retail, Shipping, Technology, Telecommunications, \
Transportation, Utilities, Other
        Rating                | Rating                     | picklist(255)         | cun   | Hot, Warm, Cold
        AnnualRevenue         | Annual Revenue             | currency(18,0)        | cun
        NumberOfEmployees     | Employees                  | int(8)                | cun
        IsConverted           | Converted                  | boolean               | cd
        ConvertedDate         | Converted Date             | date                  | n
        ConvertedAccountId    | Converted Account ID       | reference(Account)    | n
        ConvertedContactId    | Converted Contact ID       | reference(Contact)    | n
        ConvertedOpportunityId | Converted Opportunity ID  | reference(Opportunity) | n
        IsUnreadByOwner       | Unread By Owner            | boolean               | cud
        CompanyDunsNumber     | Company D-U-N-S Number     | string(9)             | cun
        """,
    ),
    "OpportunityContactRole": (
        "Opportunity Contact Role",
        "Opportunity Contact Role",
        """
        OpportunityId         | Opportunity ID             | reference(Opportunity) | c
        ContactId             | Contact ID                 | reference(Contact)    | cu
        Role                  | Role                       | picklist(40)          | cun   | Business User, \
Decision Maker, Economic Buyer, Economic Decision Maker, Evaluator, Executive Sponsor, Influencer, \
Technical Buyer, Other
        IsPrimary             | Primary                    | boolean               | cud
        """,
    ),
    "RecordType": (
        "Record Type",
        "Record Types",
        """
        Name                  | Name                       | string(80)            | cu
        DeveloperName         | Record Type Name           | string(80)            | cu
        NamespacePrefix       | Namespace Prefix           | string(15)            | n
        Description           | Description                | string(255)           | cun
        SobjectType           | SObject Type Name          | picklist(40)          | c
        IsActive              | Active                     | boolean               | cud
        """,
    ),
}

#: What every record has. Settings and the join objects have no owner.
SYSTEM: Final = """
        Id                    | Record ID                  | id(18)                | d
        IsDeleted             | Deleted                    | boolean               | d
        OwnerId               | Owner ID                   | reference(User)       | cud
        CreatedDate           | Created Date               | datetime              | d
        CreatedById           | Created By ID              | reference(User)       | d
        LastModifiedDate      | Last Modified Date         | datetime              | d
        LastModifiedById      | Last Modified By ID        | reference(User)       | d
        SystemModstamp        | System Modstamp            | datetime              | d
        """
OWNERLESS: Final = frozenset({"Organization", "User", "OpportunityPartner", "OpportunityContactRole", "RecordType"})

#: What Salesforce does not call by its object's name.
ID_LABELS: Final = {"OpportunityContactRole": "Contact Role ID"}

#: Fields that an org has only with a feature, by object; ``*`` stands for every object with an owner, ours too.
FEATURES: Final[dict[str, dict[str, str]]] = {
    "multi-currency": {
        "*": "CurrencyIsoCode | Currency ISO Code | picklist(3) | cund | ! USD, EUR, GBP, CHF, JPY",
    },
    "record-types": {
        "Account": "RecordTypeId | Record Type ID | reference(RecordType) | cun",
        "Opportunity": "RecordTypeId | Record Type ID | reference(RecordType) | cun",
        "Lead": "RecordTypeId | Record Type ID | reference(RecordType) | cun",
    },
    "person-accounts": {
        "Account": """
        IsPersonAccount       | Is Person Account          | boolean               | d
        LastName              | Last Name                  | string(80)            | cun
        FirstName             | First Name                 | string(40)            | cun
        Salutation            | Salutation                 | picklist(40)          | cun
        PersonContactId       | Contact ID                 | reference(Contact)    | n
        PersonEmail           | Email                      | email(80)             | cun
        PersonTitle           | Title                      | string(80)            | cun
        """,
    },
}
CORPORATE_CURRENCY: Final = "USD"

#: Stage: (probability, is closed, is won, forecast category, its name). Any other stage is open, at 0 %.
STAGES: Final = {
    "Prospecting": (10, False, False, "Pipeline", "Pipeline"),
    "Qualification": (10, False, False, "Pipeline", "Pipeline"),
    "Needs Analysis": (20, False, False, "Pipeline", "Pipeline"),
    "Value Proposition": (50, False, False, "Pipeline", "Pipeline"),
    "Id. Decision Makers": (60, False, False, "Pipeline", "Pipeline"),
    "Perception Analysis": (70, False, False, "Pipeline", "Pipeline"),
    "Proposal/Price Quote": (75, False, False, "Pipeline", "Pipeline"),
    "Negotiation/Review": (90, False, False, "Pipeline", "Pipeline"),
    "Closed Won": (100, True, True, "Closed", "Closed"),
    "Closed Lost": (0, True, False, "Omitted", "Omitted"),
}
OTHER_STAGE: Final = (0, False, False, "Pipeline", "Pipeline")
