"""Splink on DuckDB, set up as its documentation advises and trained without labels on the two files themselves.

Runs with the Python of an environment that has Splink, from the project's folder:
python -m benchmarks.peers.splink_link FOLDER OUT.csv {standard,cleaned}

``standard`` is fed as the documentation asks: lower case, no punctuation, the host of a website. ``cleaned`` gets what
only a specialist would prepare beside it: names without legal forms, registrable domains, and phone numbers.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Final

import duckdb
import splink.comparison_library as cl  # type: ignore[import-not-found]  # it lives in an environment of its own
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.peers.cleaned import load

#: The two rarest words of a name are what Splink's example of matching businesses blocks on.
_RARE_WORDS: Final = """
    create table rare_words as
    with named as (select id, name from ours union all select id, name from theirs),
    words as (select distinct id, unnest(string_split(name, ' ')) as word from named),
    counted as (select word, count(*) as names from words group by word)
    select id, array_agg(word order by names, word)[:2] as rarest
    from words join counted using (word)
    where names <= 0.01 * (select count(*) from named)
    group by id
"""

_INPUT: Final = """
    create table {side}_input as
    select
        id as unique_id, '{side}' as source_dataset, name, domain, country, city, phone,
        replace(name, ' ', '')[:8] as start, rarest[1] as rarest_word, rarest[2] as next_rarest_word
    from {side} left join rare_words using (id)
"""

_OUTPUT: Final = """
    select
        unique_id_l as left_id, unique_id_r as right_id, round(match_weight, 3) as score,
        case when match_probability >= 0.5 then 'match' else 'review' end as decision
    from {pairs}
"""

_LEAST_PROBABILITY: Final = 0.01
_SAMPLED_PAIRS: Final = 1e7


def link(folder: Path, output: Path, feed: str) -> None:
    """Write the pairs of left.csv and right.csv in *folder*, with their match weights, to *output*."""
    with duckdb.connect() as connection:
        names = "name" if feed == "cleaned" else "plain_name as name"
        domains = "domain" if feed == "cleaned" else "host as domain"
        load(connection, folder, names, domains, "country", "city", "phone")
        connection.execute(_RARE_WORDS)
        for side in ("ours", "theirs"):
            connection.execute(_INPUT.format(side=side))
        api = DuckDBAPI(connection=connection)
        tables = [api.register("ours_input"), api.register("theirs_input")]
        linker = Linker(tables, _settings(with_phone=feed == "cleaned"), log_level=logging.ERROR)
        _train(linker)
        pairs = linker.inference.predict(threshold_match_probability=_LEAST_PROBABILITY)
        connection.sql(_OUTPUT.format(pairs=pairs.physical_name)).write_csv(str(output), header=True)


def _settings(with_phone: bool) -> SettingsCreator:
    comparisons = [
        cl.NameComparison("name"),  # adjusts for how often a name occurs by itself
        *(cl.ExactMatch(column).configure(term_frequency_adjustments=True) for column in ("domain", "country", "city")),
    ]
    rules = [block_on("name"), block_on("domain"), block_on("rarest_word", "country"), block_on("start", "country")]
    if with_phone:
        return _made([*comparisons, cl.ExactMatch("phone")], [*rules, block_on("phone")])
    return _made(comparisons, [*rules, block_on("rarest_word", "next_rarest_word")])


def _made(comparisons: list[object], rules: list[object]) -> SettingsCreator:
    return SettingsCreator(
        link_type="link_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
    )


def _train(linker: Linker) -> None:
    """Estimate every parameter: the prior by sure rules, u by random pairs, m by two rounds of EM."""
    sure = [block_on("name", "country"), block_on("domain")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=1)
    for known in ("domain", "name"):  # what is blocked on is not estimated, so the two rounds complete each other
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(known), estimate_without_term_frequencies=True
        )


if __name__ == "__main__":
    link(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
