"""A real Home Assistant in accelerated time, killed again and again."""
