"""What methods are compared on: architectures, the accuracy learnt, the accuracy that judges."""
