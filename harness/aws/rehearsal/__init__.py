"""The deployment on AWS, rehearsed as a whole on emulators."""
