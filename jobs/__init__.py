"""Clock: wires the floors below together, keeps the state, and is the only floor that catches errors."""
