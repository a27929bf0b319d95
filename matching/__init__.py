"""Brain: decides which of our accounts and a partner's accounts are one company, and says why."""
