"""What the interoperability suites share: processes, configuration, a browser without a window, requests on record."""
