"""How the reader is trained: articles, labels, training, export. Nothing at run time needs it."""
