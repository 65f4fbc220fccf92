"""Words that every floor shares: ids, decisions, hashes, rational time, the clock, errors. Pure, standard library only."""
