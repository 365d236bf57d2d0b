"""An app of Django."""
