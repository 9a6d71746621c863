"""What is read and written on connections without the application."""
