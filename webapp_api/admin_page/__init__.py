"""The operators' page at /admin, as ES modules; hatch_build.py bundles them."""
