"""Made-up sales data about real companies: a CRM and the lists of two partners, for the demo and for tests.

The companies exist and the facts about them are public; every relationship, deal, person and partner here is
fictional. No row says that any company is or was a customer, prospect or partner of anybody.
"""

from connectors.sandbox.demo.data import DemoData, load
from connectors.sandbox.demo.lists import DemoList

__all__ = ["DemoData", "DemoList", "load"]
