"""The page's own source, served as it is: no build step, nothing from elsewhere."""
