"""A strict stand-in for HubSpot."""
