"""Training loops: one for image classifiers, one for predictors."""
