"""pywebtransport behind wtspec's endpoint contract."""
