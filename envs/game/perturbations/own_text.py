"""Whether a question is about its own text: "How many digits are in this text? 7".

Whatever is added to the text of such a question, or said in other words, may change its answer. Nobody here understands
questions, so this goes by the words: what points at the text, what counts its parts, and what ranks or adds up whatever
stands there. Some questions that are about something else are taken for such ones; they are left as they are.
"""

from __future__ import annotations

import re

_TEXTS = (
    "(?:text|question|exercise|sentence|problem|prompt|message|paragraph|passage|page|puzzle|riddle|statement|"
    "instruction|input|string|line|phrase|wording|quotation|document)s?"
)
_PARTS = (
    "(?:word|letter|digit|sentence|character|numeral|vowel|consonant|syllable|paragraph|comma|full stop|symbol|"
    "question mark|exclamation mark|punctuation mark|capital)s?"
)
_ITEMS = rf"(?:numbers?|integers?|values?|figures?|names?|{_PARTS})"
_MOST = "(?:largest|smallest|biggest|greatest|highest|lowest|longest|shortest|least|last|first|only|rarest)"
_SHOWN = (
    "(?:listed|given|shown|written|mentioned|printed|named|stated|present|contained|included|found|used|occurring|"
    "appearing|that (?:appear|occur|stand|follow)s?|(?:you|we) (?:can )?(?:see|read|find))"
)
_END = r"\s*(?:[?:.,;!]|$)"
_ABOUT = re.compile(
    "|".join(
        (
            # the text, pointed at
            rf"\b(?:this|these|my|your|the (?:following|above|preceding|previous|present|current|given|entire|whole)"
            rf"|all (?:of )?the)\s+(?:\w+\s+)?{_TEXTS}\b(?!'s)",
            r"\b(?:in|of|from|to|throughout) the (?:text|question|exercise|prompt|message|paragraph|passage)s?\b",
            r"\bhere\b(?! (?:is|are|comes?|follows?)\b)",
            r"\b(?:everything|anything|all|what|whatever) (?:is |was |stands |that (?:is |stands )?)?"
            r"(?:above|below|before this|written|i (?:just )?(?:wrote|said|asked|typed)|you (?:just )?(?:read|see))\b",
            rf"\b(?:the above|the foregoing|{_ITEMS} (?:above|below))\b",
            rf"\b(?:{_SHOWN}|{_TEXTS}) (?:above|below)\b",
            r"\b(?:above|below)\s*:|\bthe following\s*:",
            r"\bi (?:have )?(?:just )?(?:asked|wrote|written|typed)\b|\byou (?:are|were|have been) (?:reading|asked)\b",
            r"\b(?:you are|being|just) read(?:ing)?\b",
            rf"\b(?:translate|repeat|copy|reverse|rewrite|read|spell|summarise|summarize|quote) (?:out |aloud )?the "
            rf"(?:\w+ )?{_TEXTS}\b",
            # its parts, counted
            rf"\bhow (?:many|often)\b[^.?!]*\b{_PARTS}(?!\s+(?:problem|question)s?\b)",
            rf"\b(?:count|number of|total of|quantity of|amount of) (?:all |the |of )*(?:\w+ )?{_PARTS}\b",
            r"\bhow many (?:times|numbers|integers|numerals|lines)\b[^.?!]*"
            r"\b(?:appear|occur|stand|mention|listed|used|there)",
            # whatever stands there, ranked, added up or rewritten
            rf"\b{_ITEMS}\s+(?:in|of) (?:this|these|the|my|your)\s+(?:\w+\s+)?(?:{_TEXTS}|lists?)\b",
            rf"\b{_ITEMS} (?:\w+ )?(?:{_SHOWN}|appears?|occurs?)\b",
            rf"\bwhich of (?:these|those|the(?: following)?) (?:\w+ )?{_ITEMS}\b",
            rf"\b{_MOST} (?:\w+ )?{_ITEMS}(?={_END})",
            rf"\bwhich {_ITEMS} (?:is|are|comes?|appears?|occurs?|stands?|has|have|begins?|starts?|ends?)\b",
            rf"\b(?:all|every|each|both|these|those)(?: of)?(?: the| these| those)? (?:\w+ )?"
            rf"(?:numbers?|integers|numerals?|{_PARTS})(?={_END}|\s+(?:together|up|in)\b)",
            r"\b(?:add|sum|multiply|sort|order|reverse|average|list|name|repeat|copy|underline|translate)"
            rf"(?: up| together)? (?:the |all )+(?:\w+ )?(?:numbers|integers|numerals|{_PARTS})\b",
            r"\b(?:sum|product|average|mean|median|maximum|minimum|range|total|order) of (?:the|all)(?: the)?"
            rf" (?:\w+ )?(?:numbers|integers|numerals|{_PARTS})(?={_END})",
        )
    ),
    re.I,
)


def is_about_its_text(text: str) -> bool:
    """Whether a question refers to its own words, as far as its words show."""
    return _ABOUT.search(text) is not None
