"""The formula language (rules 3, 9, 10): Excel-like, exact decimals, no loops, no attributes, no eval."""
