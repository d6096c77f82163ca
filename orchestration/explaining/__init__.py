"""`laborledger explain`: why each number of an article became a figure or did not, for a person to read.

Only showing belongs here: what is extracted is decided in `extraction`, and nothing there knows this
package, so that a change of looks is no new extractor and no text is read again for it.
"""
