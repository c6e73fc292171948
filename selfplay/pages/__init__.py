"""What all pages share: the HTML frame, figures and tables; report, bench, diagnose, ablate and commands come in."""
