"""The check of a mailing's letters before anybody approves them: one file for each kind of finding.

`texts` asks what is wrong with words, once a wording and once for every letter that was edited by hand; `values` what
is odd in what one reader's placeholders stand for; `likeness` whether they had the same letter before; `readers` what
we know of them that the words do not fit. `checking` runs them, a chunk of letters after the other.
"""
