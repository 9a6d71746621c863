"""Who may use the service, and what each may do."""
