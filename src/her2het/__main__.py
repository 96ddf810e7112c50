"""`python -m her2het`."""

from her2het.cli.main import main

if __name__ == "__main__":
    main()
