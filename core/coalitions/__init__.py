"""Answers of several players taken together, without anybody who knows the right one; for whoever votes or labels."""
