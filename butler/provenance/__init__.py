"""What made a dataset: quanta of work, and the environments of runs."""
