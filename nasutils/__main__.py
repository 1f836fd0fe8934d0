"""``python -m nasutils``: the command line without an installation, from the checkout's root."""

from nasutils.cli import main

if __name__ == "__main__":
    main()
