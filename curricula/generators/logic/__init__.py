"""Combinatorial questions: one module per family, each with an answer that an exact method computes and proves unique."""
