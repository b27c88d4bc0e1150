"""The web: pages over the store, made on the server, quick with htmx and whole without it. Begin at `app.py`."""
