"""The HTTP edge, over real HTTP wherever there is any."""
