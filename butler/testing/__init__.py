"""Public helpers for tests: conformance suites for third-party parts, and a server for a test run."""
