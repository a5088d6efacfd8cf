"""What the integration costs, measured over simulated clouds."""
