"""What tests need of homes on one machine."""
