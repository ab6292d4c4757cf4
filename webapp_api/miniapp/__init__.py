"""The mini-app's own source, served as it is: ES modules, styles and texts. docs/mini-app.md says how it is made."""
