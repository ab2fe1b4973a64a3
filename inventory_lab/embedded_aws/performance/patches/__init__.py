"""The replacements, by what they make faster."""
