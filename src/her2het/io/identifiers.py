"""What must not stand in a table that a report may show: names, birth dates, record numbers."""

import re

import pandas as pd

_HEADINGS = re.compile(
    r"^(name|first_?name|last_?name|sur_?name|full_?name|given_?name|family_?name|patient_?name|vorname|nachname|"
    r"dob|d_?o_?b|birth.*|.*birth_?(date|day)|date_?of_?birth|geburts.*|mrn|.*medical_?record.*|record_?(number|no|id)|"
    r"ssn|social_?security.*|nhs_?(number|no)|insurance.*|passport.*|address|street|zip|zip_?code|postcode|phone.*|"
    r"telephone.*|mobile|e_?mail.*)$"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_DATE = re.compile(r"^(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./](19|20)\d{2})$")
_PERSON = re.compile(r"^[A-Z][a-zà-ÿ'’-]+,?\s+[A-Z][a-zà-ÿ'’-]+$")


def find_identifiers(frame: pd.DataFrame, table: str, key: tuple[str, ...]) -> list[str]:
    """One sentence for each column that looks like it identifies a person."""
    problems: list[str] = []
    for name in map(str, frame.columns):
        heading = re.sub(r"[\s.-]+", "_", name.strip()).lower()
        why = "its heading says so" if _HEADINGS.match(heading) else _by_values(frame[name], name in key)
        if why:
            problems.append(
                f"{table}.{name}: looks like a name, birth date or record number ({why}), which no report may carry. "
                f"Remove the column, or list it under [tables.{table}] leave_out."
            )
    return problems


def _by_values(values: pd.Series, is_key: bool) -> str:
    given = values.dropna().astype(str).str.strip()
    given = given[given != ""].head(500)
    if given.empty:
        return ""
    if given.str.contains(_EMAIL.pattern, case=False, regex=True).any():
        return "it holds e-mail addresses"
    if given.str.match(_PERSON.pattern).mean() > 0.8 and is_key:
        return "its values look like first and last names"
    dates = given[given.str.match(_DATE.pattern)]
    if len(dates) > 0.8 * len(given):
        years = pd.to_numeric(dates.str.extract(r"((?:19|20)\d{2})")[0], errors="coerce")
        if years.median() < 2000:
            return "its dates look like dates of birth"
    return ""
