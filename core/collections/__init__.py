"""Collections of enrolled people: enrolling, identifying, matching, erasing."""
