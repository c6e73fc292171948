"""The working that an attempt shows, as steps that can be read: for rewards, and for whoever measures attempts."""
