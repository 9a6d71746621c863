"""The tables of the pages about AWS."""
