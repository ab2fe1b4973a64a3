"""Where events come from (a simulation, your own files) and how they are published to the stream."""
