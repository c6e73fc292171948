"""Texts that have broken pages: every one is put wherever a page shows what a model, a person or a folder says.

Tests put `MARK` around each to see that the text itself is there; no script of theirs may set `window.pwned`.
"""

MARK = "Quux"
"""Survives every way of showing a text."""

HOSTILE = {
    "script": "<script>window.pwned=1;alert(1)</script>",
    "script closed early": "</title></textarea></style></script><script>window.pwned=1</script>",
    "image error": '<img src=x onerror="window.pwned=1;alert(1)">',
    "image outside": '<img src="http://198.51.100.7/pixel.png"><link rel=stylesheet href="//198.51.100.7/x.css">',
    "svg": '<svg onload="window.pwned=1"><animate onbegin="window.pwned=1" attributeName=x></svg>',
    "svg in mathml": '<math><mtext><table><mglyph><style><img src=x onerror="window.pwned=1">',
    "iframe": '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
    "javascript address": "[x](javascript:window.pwned=1) javascript:alert(1) <a href=javascript:window.pwned=1>x</a>",
    "data address": "data:text/html,<script>opener.pwned=1</script>",
    "attribute broken": '" autofocus onfocus="window.pwned=1" x=\'',
    "attribute broken, single": "' onmouseover='window.pwned=1' x=\"",
    "textarea closed": "</textarea><button formaction=javascript:window.pwned=1>x</button>",
    "comment": "<!--><script>window.pwned=1</script>--> <!-- --!> <?php ?> <![CDATA[ x ]]>",
    "entities": "&lt;script&gt; &amp;amp; &#x3c;img src=x onerror=window.pwned=1&#x3e; &nbsp;&bogus;",
    "base and meta": '<base href="http://198.51.100.7/"><meta http-equiv=refresh content="0;url=http://198.51.100.7/">',
    "form": '<form action="http://198.51.100.7/" id=item><input name=children><input name=focus></form>',
    "names of the page": '<div id="review" data-view="queue"></div><p id=announce>approved</p><a id=katex name=katex>',
    "style": "<style>*{display:none}</style><div style='position:fixed;inset:0;background:red'>",
    "template": "{{7*7}} {% for x in () %} ${7*7} #{7*7} <%= 7*7 %> {{constructor.constructor('window.pwned=1')()}}",
    "python format": "%s %(name)s {0} {name} {self.__class__.__mro__} %n%n%n",
    "json in script": '"]};</script><script>window.pwned=1//',
    "line separators": "one\u2028two\u2029three\u0085four\x0bfive\x0csix",
    "bidi": "\u202e\u2066gpj.exe\u2069 \u202dabc\u200f\u061c",
    "right to left": "שאלה: כמה הם 2 + 2? الجواب هو ٤ abc",
    "zero width": "pa\u200by\u2060pal\ufeff \u00ad\u200d\u200c" + "\u200b" * 500,
    "ansi": "\x1b[31mred\x1b[2J\x1b]0;title\x07\x1b]8;;http://198.51.100.7/\x1b\\link",
    "nul and controls": "a\x00b\x01c\x08d\x7fe\x9bf",
    "carriage returns": "shown\rhidden\r\nline\n\n\n\n\r",
    "lone surrogates": "\ud800 \udc00\ud83d \udfff",
    "nonchars and tags": "\ufffe\uffff\U0001fffe \U000e0041\U000e0042\U0010ffff",
    "zalgo": "Z" + "\u0300\u0301\u0302\u0336\u0489" * 60 + "algo" + "\u0359" * 90,
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 " * 20,
    "wide letters": "﷽" * 60 + "𒐫" * 60 + "𝕳𝖊𝖑𝖑𝖔",
    "one long word": "W" * 5_000,
    "a megabyte": "lorem ipsum $x$ " * 65_536,
    "a megabyte of brackets": "<" * 2**20,
    "many lines": "\n" * 3_000 + "end",
    "latex definitions": r"$\def\a{\a\a}\a$ $\newcommand\x{\x\x}\x$ $\edef\b{\b\b}\b$ $\let\c=\def \c\d{\d\d}\d$",
    "latex nesting": "$"
    + r"\frac{1}{" * 110
    + "1"
    + "}" * 110
    + "$ $"
    + "{" * 480
    + "}" * 480
    + "$ "
    + r"\left(" * 150,
    "latex reaching out": r"$\href{javascript:window.pwned=1}{x}$ $\includegraphics{http://198.51.100.7/x.png}$ "
    r"$\htmlStyle{position:fixed;inset:0}{x}$ $\url{javascript:window.pwned=1}$ $\htmlData{x=y}{z}$",
    "latex over the page": r"$\hspace{-90em}\rule{900em}{900em}\raisebox{-50em}{x}\kern-99em\Huge y\color{white}z$",
    "latex unclosed": "$" * 999 + r"\(" * 999 + r"\[" * 999 + r"\boxed{" * 999 + r"\begin{array}" * 99,
    "code closed early": "```python\n</code></pre><script>window.pwned=1</script>\n```\n<img src=x onerror=alert(1)>",
    "code in the language": '```</code>"><script>window.pwned=1</script>\n```html\n<b>\n````\n$x$\n```',
    "fences": "```\n" * 400 + "~~~\n" + "`" * 900 + "\n" + "```" + " " * 900 + "!",
    "sql": "'; DROP TABLE reviews; -- \\'; \"",
    "paths": "../../../../etc/passwd ..\\..\\windows %2e%2e%2f file:///etc/passwd",
}
"""What it is for → the text."""

SOME = {name: text for name, text in HOSTILE.items() if len(text) < 2_000}
"""Those that are short enough for a name or a note."""
