"""What all written pages share: the HTML frame and the figures."""
