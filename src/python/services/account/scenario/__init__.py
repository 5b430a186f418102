"""What a person does with the site, done to a running one: the proof that a release works.

It talks to the site by HTTP as a browser does, through whatever stands before it, by the standard
library alone.
"""
