"""Tables in Parquet and ECSV, and what their rows and columns are in Arrow."""
