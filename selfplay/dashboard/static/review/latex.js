// Shows the LaTeX in a model's text with KaTeX. The text may be hostile: whatever is too long, too deep, defines macros
// or is no LaTeX stays the text it is, and nothing that a text says becomes markup, a link or a request.
//
//   <p data-math>Let $x^2 = 4$.</p>           formulas between $…$, $$…$$, \(…\), \[…\], and in \boxed{…}
//   <span data-math="answer">\frac12</span>   the same, or the whole text where it looks like LaTeX and has no delimiters

const LONGEST = 1000; // characters of one formula
const MOST_NODES = 4000; // of one formula, built
const DEEPEST = 250; // nested nodes; what a stack of fractions 12 deep needs is 110
const MOST_LATEX = 3000; // characters of all formulas of one text; counted, not timed, so that it always looks the same
const EACH = 25; // characters that a formula counts for besides its own: the shortest one is work as well
const MOST_OPENINGS = 1000; // delimiters of one text that are looked at

// Definitions are how a short text grows without bound; the others write to the console or reach outside the formula.
const REFUSED =
  /\\(?:[gex]?def|let|futurelet|global|long|(?:new|renew|provide)command|message|errmessage|show|char|tag|href|url|includegraphics|html\w*)(?![a-zA-Z])/;
const LOOKS_LIKE_LATEX = /\\[a-zA-Z]{2,}|[\^_]/;
const OPENING = /\\\(|\\\[|\$\$?|\\boxed\s*\{|\\begin\{(align|aligned|equation|gather|cases|array|[pbvBV]?matrix)\*?\}/g;

// Lines between two of at least three backticks; without a second one the rest of the text is code. As in rendering/pieces.py.
const FENCED =
  /^ {0,3}(?<ticks>`{3,})[ \t]*(?:[\w+#.-]+[ \t]*)?\r?\n(?<code>[^]*?)\n?(?:^ {0,3}\k<ticks>`*[ \t]*\r?(?:\n|(?![^]))|(?![^]))/gm;

const CLOSING = { "\\(": "\\)", "\\[": "\\]", $$: "$$", $: "$" };

const written = new WeakMap(); // element → its text, for showing it as written

/** Show the formulas in every element below `root` that has `data-math`. */
export function showMath(root) {
  for (const element of root.querySelectorAll("[data-math]")) {
    if (!written.has(element)) written.set(element, element.textContent);
    const text = written.get(element);
    const budget = { left: MOST_LATEX };
    element.replaceChildren(...(element.dataset.math === "answer" ? parts(text, true, budget) : blocks(text, budget)));
  }
}

/** Show every text below `root` as it was written. */
export function showText(root) {
  for (const element of root.querySelectorAll("[data-math]")) {
    if (written.has(element)) element.textContent = written.get(element);
  }
}

/** Fenced code as blocks, in which nothing is a formula, and what stands around them. */
function blocks(text, budget) {
  const made = [];
  let end = 0;
  for (const found of text.matchAll(FENCED)) {
    const block = document.createElement("pre");
    const code = document.createElement("code");
    code.textContent = found.groups.code;
    block.append(code);
    made.push(...parts(text.slice(end, found.index), false, budget), block);
    end = found.index + found[0].length;
  }
  return [...made, ...parts(text.slice(end), false, budget)];
}

function parts(text, answer, budget) {
  const made = [];
  let end = 0;
  let any = false;
  for (const { from, to, source, display } of found(text)) {
    any = true;
    budget.left -= source.length + EACH;
    if (budget.left < 0) break;
    const shown = formula(source, display);
    if (shown === null) continue;
    const before = text.slice(end, from);
    made.push(display ? before.trimEnd() : before, shown);
    end = display ? afterBlanks(text, to) : to; // it has a line of its own
  }
  if (answer && !any && LOOKS_LIKE_LATEX.test(text.slice(0, LONGEST))) return [formula(text.trim(), false) ?? text];
  made.push(text.slice(end));
  return made.filter((part) => part !== "");
}

function afterBlanks(text, from) {
  const blanks = /\s*/y;
  blanks.lastIndex = from;
  blanks.test(text);
  return blanks.lastIndex;
}

/** Where formulas stand in a text. An opening looks ahead for `LONGEST` characters at most, and no closing is sought twice. */
function* found(text) {
  const seen = new Map(); // closing → where it comes next
  const next = (closing, begin) => {
    if (!(seen.get(closing) >= begin)) {
      const at = text.indexOf(closing, begin);
      seen.set(closing, at < 0 ? Infinity : at);
    }
    const length = seen.get(closing) - begin;
    return length <= LONGEST ? length : -1;
  };
  OPENING.lastIndex = 0;
  for (let match, looked = 0; looked < MOST_OPENINGS && (match = OPENING.exec(text)); looked++) {
    const [opening, environment] = match;
    const from = match.index;
    const begin = from + opening.length;
    const closing = CLOSING[opening] ?? (environment ? opening.replace("begin", "end") : "}");
    let length; // of what stands between the delimiters
    if (closing === "$") length = text[from - 1] === "\\" ? -1 : closingDollar(text.slice(begin, begin + LONGEST));
    else if (closing === "}") length = closingBrace(text.slice(begin, begin + LONGEST));
    else length = next(closing, begin);
    if (length < 1) continue;
    const to = begin + length + closing.length;
    const whole = environment || closing === "}";
    yield {
      from,
      to,
      source: whole ? text.slice(from, to) : text.slice(begin, begin + length),
      display: opening === "\\[" || opening === "$$" || Boolean(environment),
    };
    OPENING.lastIndex = to;
  }
}

/** Money is no formula: "$5 and $6" has a space before its second $, and "$5–$6" a digit behind it. */
function closingDollar(ahead) {
  if (/^\s/.test(ahead)) return -1;
  for (let at = ahead.indexOf("$"); at >= 0; at = ahead.indexOf("$", at + 1)) {
    if (ahead[at - 1] === "\\") continue;
    const inside = ahead.slice(0, at);
    return /\s$|\n\s*\n/.test(inside) || /^\d/.test(ahead.slice(at + 1)) ? -1 : at;
  }
  return -1;
}

function closingBrace(ahead) {
  let depth = 1;
  for (let at = 0; at < ahead.length; at++) {
    if (ahead[at] === "\\") at++;
    else if (ahead[at] === "{") depth++;
    else if (ahead[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

/** An element that shows a formula, or null where it is to stay text. */
function formula(source, displayMode) {
  if (source.length > LONGEST || REFUSED.test(source)) return null;
  try {
    const tree = globalThis.katex.__renderToDomTree(source, {
      displayMode,
      trust: false,
      maxSize: 20, // em
      maxExpand: 200,
      throwOnError: true,
      strict: "ignore",
      output: "htmlAndMathml",
    });
    if (!isBuildable(tree)) return null;
    const shown = document.createElement("span");
    shown.className = displayMode ? "formula display" : "formula";
    shown.append(tree.toNode());
    return shown;
  } catch {
    return null; // no LaTeX, or nested deeper than the stack: the text says what it is
  }
}

/** Whether a tree is small enough; takes out what a page without inline styles may not set as an attribute. */
function isBuildable(tree) {
  let nodes = 0;
  const open = [[tree, 1]];
  while (open.length) {
    const [node, depth] = open.pop();
    if (++nodes > MOST_NODES || depth > DEEPEST) return false;
    const style = node.attributes?.style;
    if (style !== undefined) {
      delete node.attributes.style;
      if (/^width:[\d.]+em$/.test(style)) sizeLater(node, style.slice(6));
    }
    for (const child of node.children ?? []) open.push([child, depth + 1]);
  }
  return true;
}

/** The width of a stretched figure, such as a root's, set through the CSSOM. */
function sizeLater(node, width) {
  const build = node.toNode.bind(node);
  node.toNode = () => {
    const made = build();
    made.style.width = width;
    return made;
  };
}
