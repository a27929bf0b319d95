"""Write to a CRM: plan, apply, undo, and what makes each of them exact."""
