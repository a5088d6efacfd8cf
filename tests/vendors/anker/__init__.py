"""The Anker package without Home Assistant."""
