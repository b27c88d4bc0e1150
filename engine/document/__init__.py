"""Text <-> values: YAML schemes, catalogues and cases, with every problem at its line and column."""
