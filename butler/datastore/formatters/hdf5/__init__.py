"""Every storage class in HDF5."""
