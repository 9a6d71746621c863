"""What the header of a photo says, read in Python: every byte once, within bounds.

Processes that hold other people's requests look at photos with these readers only. A
library in C may end the process, and one that keeps what it reads may fill its memory.
"""
