from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from config.settings import Settings, load
from overlap.errors import ConfigError

WHOLE = """
[workspace]
id = "contoso-1a2b3c"
name = "Contoso"
time_zone = "Europe/Berlin"

[crm.salesforce]
type = "salesforce"
login_url = "https://contoso.my.salesforce.com"
consumer_key = "env:SF_KEY"
consumer_secret = "env:SF_SECRET"

[partners.globex]
name = "Globex"
files = "inbox/globex*"
populations = { Kunde = "Customers" }

[icp.industry]
weight = 40
values = ["Banking"]
"""
SECRET = "hunter2-3MVG9-secret"


@pytest.fixture(autouse=True)
def _no_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("OVERLAP_")]:
        monkeypatch.delenv(name)


def read(folder: Path, text: str) -> Settings:
    path = folder / "overlap.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        read(folder, text)
    return str(raised.value)


def test_reads_every_section_and_fills_in_defaults(tmp_path) -> None:
    settings = read(tmp_path, WHOLE)
    assert settings.workspace.id == "contoso-1a2b3c"
    assert settings.partners["globex"].populations == {"Kunde": "Customers"}
    assert settings.crm["salesforce"].consumer_secret == "env:SF_SECRET"
    assert (settings.icp.industry.weight, settings.icp.industry.values) == (40, ("Banking",))
    assert (settings.influence.look_back_days, settings.influence.most_per_opportunity) == (180, 3)
    assert settings.populations.order == ("Customers", "Open Opportunities", "Prospects")
    assert settings.workspace.flat_fields is True


def test_the_limits_are_the_agreed_ones(tmp_path) -> None:
    assert read(tmp_path, WHOLE).guards.model_dump() == {
        "retirements": 20,
        "retirements_percent": 5,
        "retirements_partner_percent": 50,
        "creates": 200,
        "creates_percent": 20,
        "updates": 20,
        "updates_percent": 30,
        "list_rows_lost": 50,
        "list_rows_lost_percent": 20,
        "list_keys_lost_percent": 10,
        "list_rejects": 5,
        "list_rejects_percent": 1,
        "list_quiet_s": 2,
        "api_budget_percent": 25,
        "api_total_percent": 80,
    }


def test_settings_cannot_be_changed(tmp_path) -> None:
    settings = read(tmp_path, WHOLE)
    for part, name in ((settings, "icp"), (settings.workspace, "id"), (settings.crm["salesforce"], "type")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(part, name, None)


WRONG = [  # what stands there, what to write instead, the key that is named, the remedy that is named
    ('name = "Contoso"', 'nmae = "Contoso"', "workspace.nmae", "did you mean 'name'?"),
    ('time_zone = "Europe/Berlin"', 'timezone = "UTC"', "workspace.timezone", "did you mean 'time_zone'?"),
    ("[icp.industry]", "[icp.industy]", "icp.industy", "did you mean 'industry'?"),
    ("[icp.industry]", "[icpp.industry]", "icpp", "did you mean 'icp'?"),
    ('files = "inbox', 'file = "inbox', "partners.globex.file", "did you mean 'files'?"),
    ("weight = 40", "wieght = 40", "icp.industry.wieght", "did you mean 'weight'?"),
    ("weight = 40", "qqq = 40", "icp.industry.qqq", "known here: weight, values"),
    ("consumer_key", "consumer_kye", "crm.salesforce.consumer_kye", "did you mean 'consumer_key'?"),
    ('id = "contoso-1a2b3c"', "", "workspace.id", "missing; add it"),
    ('files = "inbox/globex*"', "", "partners.globex.files", "missing; add it"),
    ('consumer_key = "env:SF_KEY"', "", "crm.salesforce.consumer_key", "missing; add it"),
    (
        'id = "contoso-1a2b3c"',
        'id = "Contoso AG"',
        "workspace.id",
        "'Contoso AG' does not fit; it must match ^[a-z0-9]",
    ),
    ("[partners.globex]", '[partners."Globex AG"]', "partners.Globex AG", "it must match ^[a-z0-9]"),
    ('"Europe/Berlin"', '"Europe/Berln"', "workspace.time_zone", "'Europe/Berln' is no time zone; write one like"),
    ('"Europe/Berlin"', '"Europe"', "workspace.time_zone", "'Europe' is no time zone; write one like"),
    ('"Europe/Berlin"', '""', "workspace.time_zone", "is no time zone; write one like"),
    ('"Europe/Berlin"', '"../../etc/passwd"', "workspace.time_zone", "is no time zone; write one like"),
    ('Kunde = "Customers"', 'Kunde = "Kunden"', "partners.globex.populations.Kunde", "'Open Opportunities'"),
    ("weight = 40", "weight = -1", "icp.industry.weight", "greater than or equal to 0 (found -1)"),
    ("weight = 40", 'weight = "lots"', "icp.industry.weight", "valid integer"),
    ('name = "Globex"', 'name = "Globex; Inc"', "partners.globex.name", "it must match ^[^;"),
    ('name = "Globex"', f'name = "{"x" * 41}"', "partners.globex.name", "at most 40 characters"),
    ('name = "Globex"', 'name = " Globex"', "partners.globex.name", "' Globex' does not fit"),
    ('name = "Globex"', 'name = "Globex  Inc"', "partners.globex.name", "'Globex  Inc' does not fit"),
    ('name = "Globex"', 'name = "Globex"\naccount = "001000000000001"', "partners.globex.account", "18 characters"),
    (
        '"env:SF_SECRET"',
        '"env:X"\nfallback_owner = "005000000000001"',
        "crm.salesforce.fallback_owner",
        "18 characters",
    ),
    ('type = "salesforce"', 'type = "salesfroce"', "crm.salesforce.type", "'salesforce'"),
    ("https://contoso", "http://contoso", "crm.salesforce.login_url", "it must match ^https://"),
    (
        "[icp.industry]",
        '[populations]\ncustomers = "revenu > 1"\n[icp.industry]',
        "populations.customers",
        "'revenue'?",
    ),
    (
        "[icp.industry]",
        '[populations.custom.Large]\nfilter = "name = 5"\n[icp.industry]',
        "populations.custom.Large.filter: at character 8",
        "'name' holds text",
    ),
    (
        "[icp.industry]",
        '[populations.custom.Large]\nfliter = "is_lead"\n[icp.industry]',
        "populations.custom.Large.fliter",
        "did you mean 'filter'?",
    ),
    (
        "[icp.industry]",
        '[populations.custom."A, B"]\nfilter = "is_lead"\n[icp.industry]',
        "populations.custom.A, B",
        "it must match",
    ),
    (
        "[icp.industry]",
        '[populations.custom.prospects]\nfilter = "is_lead"\n[icp.industry]',
        "populations",
        "there is a population 'prospects' already",
    ),
    ("[icp.industry]", "[exclusions.tests]\n[icp.industry]", "exclusions.tests", "it takes nobody; add filter, ids"),
    (
        "[icp.industry]",
        '[exclusions.tests]\nfilter = "x"\n[icp.industry]',
        "exclusions.tests.filter",
        "'x' is no field",
    ),
    (
        "[icp.industry]",
        '[exclusions.tests]\nids = ["001000000000001"]\n[icp.industry]',
        "exclusions.tests.ids",
        "18 char",
    ),
    (
        "[icp.industry]",
        '[[icp.criteria]]\nweight = 1\nfield = "revenu"\nat_least = 1\n[icp.industry]',
        "icp.criteria.0.field",
        "did you mean 'revenue'?",
    ),
    (
        "[icp.industry]",
        '[[icp.criteria]]\nweight = 1\nfield = "revenue"\nvalues = ["x"]\n[icp.industry]',
        "icp.criteria.0.field",
        "values are for text; write at_least, at_most or a filter",
    ),
    (
        "[icp.industry]",
        '[[icp.criteria]]\nweight = 1\nfield = "name"\nat_most = 3\n[icp.industry]',
        "icp.criteria.0.field",
        "at_least and at_most are for numbers",
    ),
    (
        "[icp.industry]",
        '[[icp.criteria]]\nweight = 1\nfield = "revenue"\n[icp.industry]',
        "icp.criteria.0",
        "it asks one thing: values, or at_least and at_most, or filter",
    ),
    (
        "[icp.industry]",
        "[[icp.criteria]]\nweight = 1\nat_least = 3\n[icp.industry]",
        "icp.criteria.0",
        "values and ranges need a field, a filter has none",
    ),
    (
        "[icp.industry]",
        '[[icp.criteria]]\nweight = 1\nfilter = "is_lead"\ncurrency = "EUR"\n[icp.industry]',
        "icp.criteria.0",
        "currency goes with at_least and at_most",
    ),
    ("[icp.industry]", "[influence]\nmost_per_opportunity = 0\n[icp.industry]", "influence.most_per", "or equal to 1"),
    ("[icp.industry]", "[guards]\ncreates_percent = 101\n[icp.industry]", "guards.creates_percent", "or equal to 100"),
    ("[icp.industry]", '[populations]\norder = ["Clients"]\n[icp.industry]', "populations.order.0", "'Customers'"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "remedy"), WRONG)
def test_a_wrong_key_or_value_is_named_with_its_file_and_its_remedy(tmp_path, right, wrong, key, remedy) -> None:
    assert right in WHOLE
    message = refused(tmp_path, WHOLE.replace(right, wrong, 1))
    assert f"{tmp_path / 'overlap.toml'}: {key}" in message
    assert remedy in message


def test_everything_wrong_is_told_at_once(tmp_path) -> None:
    text = WHOLE.replace("name = ", "nmae = ").replace("weight = 40", "weight = -1")
    assert len(refused(tmp_path, text).splitlines()) == 4  # two unknown names, one missing, one weight


def test_every_wrong_filter_is_told_at_once(tmp_path) -> None:
    wrong = (
        '[populations]\ncustomers = "a"\nprospects = "b = 1"\n[[icp.criteria]]\nweight = 1\nfield = "c"\nat_least = 1\n'
    )
    assert len(refused(tmp_path, WHOLE + wrong).splitlines()) == 3


def test_two_partners_of_one_name_are_refused(tmp_path) -> None:
    message = refused(tmp_path, WHOLE + '[partners.other]\nname = "GLOBEX"\nfiles = "inbox/other*"\n')
    assert message.startswith(f"{tmp_path / 'overlap.toml'}: partners: partners 'globex' and 'other' have one name")


@pytest.mark.parametrize("text", ["[workspace", "a = 1\na = 2", "x = NO", "\x00"])
def test_what_is_no_toml_is_said_with_its_place(tmp_path, text) -> None:
    message = refused(tmp_path, text)
    assert message.startswith(f"{tmp_path / 'overlap.toml'}: not valid TOML: ")
    assert "line" in message or "at end of document" in message


def test_what_is_no_text_is_no_toml(tmp_path) -> None:
    (tmp_path / "overlap.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(tmp_path / "overlap.toml")


def test_a_missing_file_says_how_to_get_one(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"no such file; 'overlap init' writes one"):
        load(tmp_path / "overlap.toml")


PASTED = [  # where a secret may land by mistake
    WHOLE.replace("env:SF_SECRET", SECRET),
    WHOLE.replace("env:SF_SECRET", f"ENV:{SECRET}"),
    WHOLE.replace("env:SF_KEY", SECRET),
    WHOLE.replace('"env:SF_SECRET"', f'["{SECRET}"]'),
    WHOLE.replace('"env:SF_SECRET"', f'{{ value = "{SECRET}" }}'),
    WHOLE.replace("consumer_secret", "consumer_secrte").replace("env:SF_SECRET", SECRET),
    WHOLE.replace("https://contoso.my.salesforce.com", f"https://contoso.example/?s={SECRET}"),
    WHOLE.replace('type = "salesforce"', f'type = "{SECRET}"'),
    WHOLE.replace("[crm.salesforce]", f'[crm]\nconsumer_secret = "{SECRET}"\n[crm.salesforce]'),
    WHOLE.replace("[partners.globex]", f'look_back_hours = "{SECRET}"\n[partners.globex]'),
    f'consumer_secret = "{SECRET}"\n{WHOLE}',
    f'crm = "{SECRET}"\n' + WHOLE.replace("[crm.salesforce]", "[other]"),
]


@pytest.mark.parametrize("text", PASTED)
def test_a_pasted_secret_is_in_no_message_nor_in_what_caused_it(tmp_path, text) -> None:
    assert SECRET in text
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("value", [SECRET, "env:", "env: ", "file:", "https://vault.example", "12345", ""])
def test_a_secret_by_value_is_refused_and_told_to_be_a_reference(tmp_path, value) -> None:
    message = refused(tmp_path, WHOLE.replace("env:SF_SECRET", value))
    assert "crm.salesforce.consumer_secret: write where the secret is, not the secret: env:NAME" in message


def test_a_secret_that_is_a_number_is_told_the_same_and_not_repeated(tmp_path) -> None:
    message = refused(tmp_path, WHOLE.replace('"env:SF_SECRET"', "8237465928"))
    assert "write where the secret is" in message
    assert "8237465928" not in message


def test_the_environment_overrides_the_file(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OVERLAP_WORKSPACE__NAME", "Contoso North")
    monkeypatch.setenv("OVERLAP_INFLUENCE__LOOK_BACK_DAYS", "30")
    settings = read(tmp_path, WHOLE)
    assert (settings.workspace.name, settings.workspace.id) == ("Contoso North", "contoso-1a2b3c")
    assert settings.influence.look_back_days == 30


@pytest.mark.parametrize(
    ("name", "value"), [("OVERLAP_WORKSPACE", "x"), ("OVERLAP_CRM", SECRET), ("OVERLAP_INFLUENCE__LOOK_BACK_DAYS", "x")]
)
def test_a_wrong_value_in_the_environment_is_an_error_of_the_settings(tmp_path, monkeypatch, name, value) -> None:
    monkeypatch.setenv(name, value)
    message = refused(tmp_path, WHOLE)
    assert name.removeprefix("OVERLAP_").split("__")[0].lower() in message.lower()
    assert SECRET not in message


def test_a_variable_that_holds_a_secret_is_no_setting(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OVERLAP_SF_SECRET", SECRET)
    assert SECRET not in repr(read(tmp_path, WHOLE))


SAME_RESULT = [
    ("[icp.industry]", "[lists]\ncpu_s = 9\n[icp.industry]"),
    ("[icp.industry]", "[guards]\ncreates = 1\n[icp.industry]"),
    ("env:SF_SECRET", "file:secret"),
    ("https://contoso.", "https://contoso2."),
    ("\n[icp.industry]", "\n# a remark\n[icp.industry]"),
]
OTHER_RESULT = [
    ("weight = 40", "weight = 41"),
    ('name = "Globex"', 'name = "Globex Inc"'),
    ("contoso-1a2b3c", "contoso-1a2b3d"),
    ('env:SF_SECRET"', 'env:SF_SECRET"\nfallback_owner = "005"'),
    ("Kunde = ", "Kunden = "),
    ("[icp.industry]", "[influence]\nlook_back_days = 90\n[icp.industry]"),
    ("[icp.industry]", "[populations]\nwon_means_customer = false\n[icp.industry]"),
    ("[icp.industry]", '[exclusions.tests]\nfilter = "is_lead"\n[icp.industry]'),
    ("[icp.industry]", '[populations.custom.Leads]\nfilter = "is_lead"\n[icp.industry]'),
]


@pytest.mark.parametrize(("right", "other"), SAME_RESULT)
def test_a_plan_stays_fresh_when_only_access_or_limits_change(tmp_path, right, other) -> None:
    assert right in WHOLE
    assert read(tmp_path, WHOLE).fingerprint() == read(tmp_path, WHOLE.replace(right, other)).fingerprint()


@pytest.mark.parametrize(("right", "other"), OTHER_RESULT)
def test_a_plan_is_stale_when_a_setting_changes_a_result(tmp_path, right, other) -> None:
    assert right in WHOLE
    assert read(tmp_path, WHOLE).fingerprint() != read(tmp_path, WHOLE.replace(right, other)).fingerprint()


def test_a_key_that_nobody_set_is_in_no_fingerprint(tmp_path, monkeypatch) -> None:
    """Otherwise a new version that knows a new key would make every plan and run stale."""
    settings = read(tmp_path, WHOLE)
    before = settings.fingerprint(), settings.run_fingerprints()
    monkeypatch.setattr("config.settings._OF_FINDING", set())
    assert (settings.fingerprint(), settings.run_fingerprints()) == before


OF_A_RUN = [
    ("weight = 40", "weight = 41", {"icp"}),
    ("Kunde = ", "Kunden = ", {"partners"}),
    ("[icp.industry]", "[influence]\nlook_back_days = 90\n[icp.industry]", {"influence"}),
    ("[icp.industry]", '[exclusions.tests]\nfilter = "is_lead"\n[icp.industry]', {"exclusions"}),
    ('env:SF_SECRET"', 'env:SF_SECRET"\nread_leads = true', {"crm"}),
    ('env:SF_SECRET"', 'env:SF_SECRET"\ncurrency = "EUR"', {"crm"}),
    ('env:SF_SECRET"', 'env:SF_SECRET"\nfallback_owner = "005"\non_drift = "hold"\nbulk_write_from = 9', set()),
    ('name = "Globex"', 'name = "Globex Inc"\nexpected_every_days = 9', set()),
    ("[icp.industry]", "[guards]\ncreates = 1\n[icp.industry]", set()),
    ("[icp.industry]", "[lists]\nmemory_mb = 4000\n[icp.industry]", set()),
]


@pytest.mark.parametrize(("right", "other", "sections"), OF_A_RUN)
def test_a_run_is_of_other_settings_where_they_change_what_it_finds(tmp_path, right, other, sections) -> None:
    assert right in WHOLE
    before = read(tmp_path, WHOLE).run_fingerprints()
    after = read(tmp_path, WHOLE.replace(right, other)).run_fingerprints()
    assert {name for name in before | after if before.get(name) != after.get(name)} == sections


def with_account_fields(text: str) -> str:
    return WHOLE.replace("[partners.globex]", f"[crm.salesforce.account_fields]\n{text}\n\n[partners.globex]")


def test_fields_of_the_orgs_own_are_mapped_by_name_and_path(tmp_path: Path) -> None:
    settings = read(tmp_path, with_account_fields('segment = "Segment__c"\nregion = "Owner.Manager.Region__c"'))
    assert settings.crm["salesforce"].account_fields == {"segment": "Segment__c", "region": "Owner.Manager.Region__c"}
    assert settings.fingerprint() != read(tmp_path, WHOLE).fingerprint(), "it changes what is found"


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ('id = "Other__c"', "account_fields.id: 'id' is always read from the CRM's own field; map to another name"),
        ('is_lead = "Other__c"', "account_fields.is_lead: 'is_lead' is always read"),
        ('Segment = "Segment__c"', "account_fields.Segment: the value does not fit"),
        ('segment = "Segment__c, Id"', "account_fields.segment: the value does not fit"),
        ('segment = "A.B.C.D.E.F.G"', "account_fields.segment: the value does not fit"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, mapped: str, said: str) -> None:
    assert said in refused(tmp_path, with_account_fields(mapped))


SECOND = """
[crm.marketing]
type = "salesforce"
login_url = "https://contoso-marketing.my.salesforce.com"
consumer_key = "env:MK_KEY"
consumer_secret = "env:MK_SECRET"

[crm.marketing.opportunity_fields]
twin = "Twin__c"
"""


def test_the_first_crm_speaks_for_a_company_unless_another_is_named(tmp_path) -> None:
    both = WHOLE + SECOND
    assert read(tmp_path, both).crm_order() == ("salesforce", "marketing")
    named = read(tmp_path, both + '[companies]\npopulation_from = "marketing"\n')
    assert named.crm_order() == ("marketing", "salesforce")
    assert named.fingerprint() != read(tmp_path, both).fingerprint()
    assert named.run_fingerprints()["companies"] != read(tmp_path, both).run_fingerprints()["companies"]


def test_with_one_crm_nothing_hangs_on_the_section_of_companies(tmp_path) -> None:
    one = read(tmp_path, WHOLE + '[companies]\npopulation_from = "salesforce"\n')
    assert one.fingerprint() == read(tmp_path, WHOLE).fingerprint()
    assert "companies" not in one.run_fingerprints()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            'population_from = "marketng"',
            "companies.population_from: there is no [crm.marketng]; did you mean 'marketing'",
        ),
        ('population_from = "erp"', "there is no [crm.erp]; known: marketing, salesforce"),
        ('same_deal = "twn"', "companies.same_deal: no [crm.NAME.opportunity_fields] has 'twn'"),
        ('population = "salesforce"', "companies.population: unknown key; did you mean 'population_from'?"),
    ],
)
def test_a_wrong_section_of_companies_is_named_with_its_remedy(tmp_path, section: str, message: str) -> None:
    assert message in refused(tmp_path, f"{WHOLE}{SECOND}[companies]\n{section}\n")


def test_the_way_to_a_partner_s_lists_changes_no_fingerprint_and_its_terms_do(tmp_path) -> None:
    plain = read(tmp_path, WHOLE)
    source = read(tmp_path, WHOLE + "\n[partners.globex.source]\nmost_mb = 7\n")
    fields = read(tmp_path, WHOLE + '\n[partners.globex.terms]\nfields = ["name"]\n')
    uses = read(tmp_path, WHOLE + "\n[partners.globex.terms]\nuses = []\n")
    assert source.fingerprint() == plain.fingerprint() != fields.fingerprint()
    assert source.run_fingerprints() == plain.run_fingerprints() == fields.run_fingerprints()
    assert uses.run_fingerprints() != plain.run_fingerprints(), "what may not be looked at is not matched"


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ('uses = ["crm"]', "what is not matched cannot be written or sent; add 'analysis', or write []"),
        ('fields = ["phone number"]', "partners.globex.terms.fields.0: "),
        ("expire = 2027-01-31", "did you mean 'expires'?"),
    ],
)
def test_terms_that_say_nothing_sensible_are_refused(tmp_path, terms, says) -> None:
    assert says in refused(tmp_path, WHOLE + f"\n[partners.globex.terms]\n{terms}\n")
