import pytest

from connectors.sandbox.errors import ApiError
from connectors.sandbox.soql import Comparison, Logic, parse


def test_reads_every_part_of_a_query():
    select = parse(
        "select Id, Owner.Name from Account where Name != 'x' order by Name desc nulls last, Id limit 5 offset 2"
    )
    assert [path.names for path in select.paths] == [("Id",), ("Owner", "Name")]
    assert select.entity == "Account"
    assert (select.where.path.names, select.where.operator, select.where.values[0].text) == (("Name",), "!=", "x")
    assert [(o.path.names, o.descending, o.nulls_last) for o in select.order] == [
        (("Name",), True, True),
        (("Id",), False, False),
    ]
    assert (select.limit, select.offset) == (5, 2)


LITERALS = [
    ("'it\\'s'", "string", "it's"),
    ("'a\\nb\\\\c'", "string", "a\nb\\c"),
    ("''", "string", ""),
    ("-12.5", "number", "-12.5"),
    ("TRUE", "boolean", "true"),
    ("null", "null", "null"),
    ("2026-11-21", "date", "2026-11-21"),
    ("2026-11-21T10:00:00Z", "datetime", "2026-11-21T10:00:00Z"),
    ("2026-11-21T10:00:00.000+0100", "datetime", "2026-11-21T10:00:00.000+0100"),
]


@pytest.mark.parametrize(("text", "kind", "value"), LITERALS)
def test_reads_a_literal_as_what_it_is(text, kind, value):
    literal = parse(f"SELECT Id FROM Account WHERE X = {text}").where.values[0]
    assert (literal.kind, literal.text) == (kind, value)


def test_binds_not_to_the_next_condition_only():
    where = parse("SELECT Id FROM Account WHERE NOT A = 1 AND B = 2").where
    assert isinstance(where, Logic)
    assert where.operator == "and"
    assert where.parts[0].operator == "not"
    assert isinstance(where.parts[1], Comparison)


def test_keeps_the_escapes_of_a_pattern():
    assert parse("SELECT Id FROM Account WHERE Name LIKE '50\\%\\'_'").where.values[0].text == "50\\%'_"


REFUSED = [
    ("SELECT Id FROM", "unexpected token: '<EOF>'", 15),
    ("SELECT Id Name FROM Account", "unexpected token: 'Name'", 11),
    ("SELECT Id FROM Account WHERE A = 1 AND B = 2 OR C = 3", "unexpected token: 'OR'", 46),
    ("SELECT Id FROM Account WHERE (A = 1 OR B = 2 AND C = 3)", "unexpected token: 'AND'", 46),
    ("SELECT Id FROM Account WHERE Name = ", "unexpected token: '<EOF>'", 37),
    ("SELECT Id FROM Account WHERE Name = 'open", "unexpected token: '''", 37),
    ("SELECT Id FROM Account WHERE CreatedDate = TODAY", "unexpected token: 'TODAY'", 44),
    ("SELECT Id FROM Account GROUP BY Name", "unexpected token: 'GROUP'", 24),
    ("SELECT Id FROM Account LIMIT -1", "unexpected token: '-1'", 30),
    ("SELECT Id FROM Account WHERE A IN ()", "unexpected token: ')'", 36),
    ("SELECT Id FROM Account; DROP TABLE Account", "unexpected token: ';'", 23),
    ("SELECT Id FROM Account WHERE A ( 1", "unexpected token: '('", 32),
    ("SELECT Id FROM Account WHERE A = '\\q'", "Illegal character sequence '\\q' in string literal", 34),
    ("", "unexpected token: '<EOF>'", 1),
]


@pytest.mark.parametrize(("soql", "message", "column"), REFUSED)
def test_refuses_and_points_at_the_word(soql, message, column):
    with pytest.raises(ApiError) as refused:
        parse(soql)
    assert refused.value.code == "MALFORMED_QUERY"
    blank, excerpt, caret, where, said = refused.value.message.split("\n")
    assert (blank, where, said) == ("", f"ERROR at Row:1:Column:{column}", message)
    assert excerpt[caret.index("^") :] == soql[column - 1 :][:40]


def test_refuses_an_offset_that_salesforce_would_not_take():
    with pytest.raises(ApiError) as refused:
        parse("SELECT Id FROM Account OFFSET 2001")
    assert refused.value.code == "NUMBER_OUTSIDE_VALID_RANGE"


def test_refuses_what_is_nested_beyond_reason():
    with pytest.raises(ApiError, match="nested too deeply"):
        parse("SELECT Id FROM Account WHERE " + "(" * 15_000)
