"""Bring accounts, opportunities and partners' lists into the warehouse."""
