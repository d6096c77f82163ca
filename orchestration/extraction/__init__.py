"""Text to figures: pure functions of an Article. Rules find, a reader judges, rules resolve."""
