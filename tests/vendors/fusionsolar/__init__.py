"""Our FusionSolar client."""
