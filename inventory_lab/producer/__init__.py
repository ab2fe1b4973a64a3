"""Where events come from (a simulation, anyone's own files) and how they get into the stream."""
