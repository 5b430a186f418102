"""The personal account in the browser: server-rendered pages and a JSON API."""
