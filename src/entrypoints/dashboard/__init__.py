"""The dashboard: pages for people, an adapter of the use cases as the API is one."""
