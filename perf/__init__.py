"""Speed and memory of the slow and the large things; ``make bench`` writes the book's page."""
