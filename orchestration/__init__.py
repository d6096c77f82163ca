"""Labor Ledger: from news articles to a published warehouse of figures on North Korean overseas labour."""
