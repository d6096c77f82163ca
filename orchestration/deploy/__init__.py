"""The ledger on a server: its three processes, whether they are well, and the files that start them."""
