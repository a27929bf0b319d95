from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings, load
from config.workspace import open_workspace
from overlap.errors import ConfigError
from tests.config.test_settings import WHOLE

ORG = "00D000000000001AAA"
BASE = WHOLE.replace('login_url = "https://contoso.my.salesforce.com"\n', "")
PROD = f'[crm.salesforce]\nlogin_url = "https://contoso.my.salesforce.com"\norg_id = "{ORG}"\n'
TEST = '[crm.salesforce]\nlogin_url = "https://contoso--test.sandbox.my.salesforce.com"\n[guards]\ncreates = 5\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"overlap.toml": BASE, "overlap.prod.toml": PROD, "overlap.test.toml": TEST}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def opened(folder: Path, environment: str | None) -> Settings:
    return load(folder / "overlap.toml", environment)


def refused(folder: Path, environment: str | None) -> str:
    with pytest.raises(ConfigError) as caught:
        opened(folder, environment)
    return str(caught.value)


def test_an_environment_says_what_differs_and_the_base_the_rest(folder) -> None:
    prod, test = opened(folder, "prod"), opened(folder, "test")
    assert (prod.crm["salesforce"].login_url, prod.crm["salesforce"].org_id) == (
        "https://contoso.my.salesforce.com",
        ORG,
    )
    assert test.crm["salesforce"].login_url.startswith("https://contoso--test")
    assert (prod.guards.creates, test.guards.creates) == (200, 5)
    for settings in (prod, test):
        assert settings.crm["salesforce"].consumer_key == "env:SF_KEY"
        assert settings.partners["globex"].populations == {"Kunde": "Customers"}


def test_a_list_or_value_is_replaced_not_added_to(folder) -> None:
    (folder / "overlap.test.toml").write_text(TEST + '[icp.industry]\nvalues = ["Retail"]\n')
    industry = opened(folder, "test").icp.industry
    assert (industry.weight, industry.values) == (40, ("Retail",))


def test_the_environments_file_wins_and_a_variable_wins_over_both(folder, monkeypatch) -> None:
    monkeypatch.setenv("OVERLAP_GUARDS__CREATES", "9")
    assert opened(folder, "test").guards.creates == 9


def test_without_a_choice_the_missing_key_names_the_choices(folder) -> None:
    message = refused(folder, None)
    assert f"{folder / 'overlap.toml'}: crm.salesforce.login_url: missing; add it, or choose an environment" in message
    assert "--env prod or test" in message


def test_an_org_id_in_the_base_is_refused_with_the_reason(folder) -> None:
    (folder / "overlap.toml").write_text(WHOLE.replace("[partners", f'org_id = "{ORG}"\n[partners'))
    for environment in (None, "test", "prod"):
        message = refused(folder, environment)
        assert f"{folder / 'overlap.toml'}: crm.salesforce.org_id: not here: every environment shares this" in message
        assert "move it into overlap.ENV.toml" in message


@pytest.mark.parametrize(
    ("name", "hint"),
    [("prd", "did you mean 'prod'?"), ("xyz", "known: prod, test"), ("../x", "known: prod, test"), ("", "known: ")],
)
def test_an_unknown_environment_is_named_with_the_known_ones(folder, name, hint) -> None:
    message = refused(folder, name)
    assert f"there is no environment '{name}'" in message
    assert hint in message


def test_an_error_names_the_file_in_which_it_stands(folder) -> None:
    (folder / "overlap.test.toml").write_text(TEST + "[guards2]\nx = 1\n")
    assert f"{folder / 'overlap.test.toml'}: guards2: unknown key; did you mean 'guards'?" in refused(folder, "test")
    (folder / "overlap.test.toml").write_text(TEST.replace("creates = 5", 'creates = "many"'))
    assert f"{folder / 'overlap.test.toml'}: guards.creates: " in refused(folder, "test")
    (folder / "overlap.test.toml").write_text("[guards")
    assert f"{folder / 'overlap.test.toml'}: not valid TOML" in refused(folder, "test")
    (folder / "overlap.test.toml").write_text(TEST)
    (folder / "overlap.toml").write_text(BASE.replace("weight = 40", "weight = -1"))
    assert f"{folder / 'overlap.toml'}: icp.industry.weight: " in refused(folder, "test")


def test_a_short_org_id_is_refused(folder) -> None:
    (folder / "overlap.prod.toml").write_text(PROD.replace(ORG, ORG[:15]))
    assert "write the one with 18 characters" in refused(folder, "prod")


def test_a_plan_of_one_environment_stays_fresh_where_only_access_differs(folder) -> None:
    (folder / "overlap.test.toml").write_text(TEST.partition("[guards]")[0])
    assert opened(folder, "prod").fingerprint() == opened(folder, "test").fingerprint()


def test_a_workspace_knows_its_environment_and_its_files(folder) -> None:
    workspace = open_workspace(folder, "prod")
    assert workspace.environment == "prod"
    assert workspace.settings_files == f"{folder / 'overlap.toml'} and overlap.prod.toml"
