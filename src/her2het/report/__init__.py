"""One self-contained page, a workbook, tables and a methods text, from the plan and the results."""
