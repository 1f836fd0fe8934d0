"""Networks: an architecture value becomes a torch module."""
