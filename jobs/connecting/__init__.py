"""Sign in to a CRM, set it up, and look whether all is there."""
