"""How a request becomes a job: accepting photos, batches, and waiting for results."""
