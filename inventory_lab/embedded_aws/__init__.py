"""The embedded AWS: moto in this process, and only what moto lacks."""
