"""What the methods of two papers share."""
