"""The houses in which the stories happen: one folder entry per cloud and kind of plan."""
