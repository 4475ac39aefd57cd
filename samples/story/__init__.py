"""What happened: the people, what they wrote to each other and the papers they kept."""
