"""What all pages share: HTML frame, figures, tables, wording; all of `selfplay` that people see comes in."""
