"""Forward-auth: a proxy asks here whether a request to an application may pass."""
