"""Combinatorial questions, one module per family, whose answers an exact method computes and proves unique."""
