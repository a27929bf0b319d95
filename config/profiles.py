"""Sections of the settings that say who our accounts are: populations, exclusions, the ideal customer profile."""

from __future__ import annotations

from typing import Annotated, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from config.kinds import Currency, CustomName, Percent, PopulationName, RecordId
from overlap.model import POPULATIONS


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomPopulation(_Section):
    """A population of the workspace's own."""

    filter: str


class PopulationSettings(_Section):
    """Which of our accounts are what. An account's cell is the first of *order* that it is in.

    *customers* takes the place of *customer_types* and *won_means_customer*, *open_opportunities* and *prospects* that
    of the plain rules. All three and those of *custom* are filters, see `overlap.filters`.
    """

    customer_types: tuple[str, ...] = ("Customer", "Customer - Direct", "Customer - Channel")
    won_means_customer: bool = True
    other_types: tuple[str, ...] = (
        "Partner",
        "Channel Partner / Reseller",
        "Technology Partner",
        "Installation Partner",
        "Competitor",
        "Vendor",
    )
    order: tuple[PopulationName, ...] = POPULATIONS
    customers: str | None = None
    open_opportunities: str | None = None
    prospects: str | None = None
    custom: dict[CustomName, CustomPopulation] = {}

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        taken = {name.casefold() for name in get_args(PopulationName)}
        for name in self.custom:
            if name.casefold() in taken:
                raise ValueError(f"there is a population '{name}' already; call it otherwise")
            taken.add(name.casefold())
        return self


class ExclusionSettings(_Section):
    """A rule of accounts that are left out of everything: those that *filter* takes, and those listed."""

    filter: str | None = None
    ids: tuple[RecordId, ...] = ()
    domains: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        if self.filter is None and not self.ids and not self.domains:
            raise ValueError("it takes nobody; add filter, ids or domains")
        return self


class ListCriterion(_Section):
    """Part of the ICP: the account's value is one of *values*."""

    weight: Annotated[int, Field(ge=0)] = 0
    values: tuple[str, ...] = ()


class RangeCriterion(_Section):
    """Part of the ICP: the account's headcount lies in [*at_least*, *at_most*]; near it earns part of the weight."""

    weight: Annotated[int, Field(ge=0)] = 0
    at_least: Annotated[int, Field(ge=1)] | None = None
    at_most: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.at_least and self.at_most and self.at_least > self.at_most:
            raise ValueError(f"at_least, {self.at_least}, is more than at_most, {self.at_most}; nobody would fit")
        return self


class Criterion(_Section):
    """Part of the ICP, on any *field* of accounts: one of *values*, or a range; or any *filter*.

    *currency*: money in another one is unknown, nothing is converted. *name* is what reasons call it.
    """

    weight: Annotated[int, Field(ge=0)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    field: str | None = None
    values: tuple[str, ...] | None = None
    at_least: Annotated[float, Field(gt=0)] | None = None
    at_most: Annotated[float, Field(gt=0)] | None = None
    filter: str | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        is_range = self.at_least is not None or self.at_most is not None
        if (self.values is not None) + is_range + (self.filter is not None) != 1:
            raise ValueError("it asks one thing: values, or at_least and at_most, or filter")
        if (self.field is None) is (self.filter is None):
            raise ValueError("values and ranges need a field, a filter has none")
        if self.at_least and self.at_most and self.at_least > self.at_most:
            raise ValueError(f"at_least, {self.at_least:g}, is more than at_most, {self.at_most:g}; nobody would fit")
        if self.currency is not None and not is_range:
            raise ValueError("currency goes with at_least and at_most")
        return self


class IcpSettings(_Section):
    """Our ideal customer profile. Fit is earned weight over all weight, 0..100; tiers are by least fit."""

    industry: ListCriterion = ListCriterion()
    headcount: RangeCriterion = RangeCriterion()
    country: ListCriterion = ListCriterion()
    criteria: tuple[Criterion, ...] = ()
    tier_a: Percent = 70
    tier_b: Percent = 40

    @model_validator(mode="after")
    def _a_above_b(self) -> Self:
        if self.tier_b > self.tier_a:
            raise ValueError(f"tier_b, {self.tier_b}, is above tier_a, {self.tier_a}; A is the better one")
        return self
