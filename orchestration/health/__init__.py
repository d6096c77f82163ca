"""How a ledger is, and how its installation is: what `laborledger status` and `laborledger doctor` tell.

`history` reads Dagster's runs, `status` finds out how a home is, `troubles` has the words, `screen` shows it;
`installation` and `place` look at the machine and at the home for `doctor`. Nothing here mends anything.
"""
