"""`python -m crm.cli`: the `ratify` command, for processes that start it."""

from crm.cli import main

if __name__ == "__main__":
    main()
