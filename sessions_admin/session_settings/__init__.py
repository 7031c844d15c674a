"""A tenant's session settings: their form and words, what they would do, what is planned."""
