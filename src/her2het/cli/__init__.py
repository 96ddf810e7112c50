"""The command line: one command, one module; thin. The top-level help is static, so that it answers at once."""
