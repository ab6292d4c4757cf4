"""The HTTP edge: who is asking (auth), what is asked (wire, orders), what is refused (errors), and the routes."""
