"""Find the overlaps: populations, companies, pairs, judgements, and the models that weigh them."""
