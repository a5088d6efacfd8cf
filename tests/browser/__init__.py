"""Chromium drives a real Home Assistant over the fake clouds of all vendors."""
