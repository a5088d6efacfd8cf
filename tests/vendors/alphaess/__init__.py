"""The AlphaESS package without Home Assistant."""
