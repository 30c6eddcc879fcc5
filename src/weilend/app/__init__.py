"""The desk (the use cases) and the doors that call nothing but the desk."""
