"""People whom nobody has named: their faces are kept, put into groups, named or ignored."""
