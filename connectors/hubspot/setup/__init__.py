"""Brings our properties, objects and labels into a portal: what is wanted, what differs, and making it."""
