"""Turn games: their rules as pure objects, and how whole batches of them are played out.

Views, and those who train on these games or hold leagues in them, come in; nothing here knows Gymnasium or a model.
"""
