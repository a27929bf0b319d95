"""What runs did: their lines and logs, what changed from one to another, what is kept of them and how long."""
