"""Methods of no paper, which every chapter sets beside its own."""
