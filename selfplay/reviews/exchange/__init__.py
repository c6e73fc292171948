"""Items for other people's annotation tools, and their answers back as decisions; one file per tool."""
