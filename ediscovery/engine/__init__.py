"""Where the stages run: work units, the sandbox, the Dask client, progress."""
