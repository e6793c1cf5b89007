"""Language models that others trained, as predictors."""
