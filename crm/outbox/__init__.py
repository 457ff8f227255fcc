"""The mail engine: any feature posts messages in batches; it knows nothing of letters."""
