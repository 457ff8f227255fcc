"""The yardstick: a Flask page that returns a string, and nothing else."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def page() -> str:
    """A short page."""
    return "<!doctype html><title>Bare</title><p>Hello"
