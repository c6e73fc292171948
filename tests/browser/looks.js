// What is wrong with how a page looks: [] is good. Evaluated in the page by tests/browser/test_pages.py.
() => {
  const found = [], width = document.documentElement.clientWidth, seen = (e) => e.checkVisibility();
  if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const short = (e) => `${e.tagName.toLowerCase()} ${(e.textContent || "").trim().slice(0, 40)}`;
  for (const e of document.querySelectorAll("body *")) {
    if (!seen(e) || e.closest("svg")) continue;
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    const frame = e.closest(".wide"), scrolls = frame && getComputedStyle(frame).overflowX === "auto";
    if (box.width && !scrolls && (box.right > width + 1 || box.left < -1)) found.push(`outside the page: ${short(e)}`);
    const hidden = ["hidden", "clip"].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
    if (hidden) found.push(`cut off: ${short(e)}`);
  }
  for (const svg of document.querySelectorAll("svg")) {
    if (!seen(svg)) continue;
    const all = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")].map((e) => [e, e.getBoundingClientRect()]);
    const what = (svg.getAttribute("aria-label") || "").slice(0, 60);
    if (!svg.getAttribute("aria-label") || svg.getAttribute("role") !== "img") found.push(`a figure without a name`);
    if (all.width < 120) found.push(`too small: ${what}`);
    for (const [e, box] of texts) {
      const out = box.left < all.left - 1 || box.right > all.right + 1 || box.top < all.top - 1 || box.bottom > all.bottom + 1;
      if (out) found.push(`cut off in "${what}": ${e.textContent}`);
      if (parseFloat(getComputedStyle(e).fontSize) * all.width / svg.viewBox.baseVal.width < 7) found.push(`tiny in "${what}": ${e.textContent}`);
    }
    texts.forEach(([e, a], i) => texts.slice(i + 1).forEach(([f, b]) => {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const least = Math.min(a.width * a.height, b.width * b.height);
      if (across > 0 && down > 0 && across * down > 0.25 * least) found.push(`over each other in "${what}": ${e.textContent} | ${f.textContent}`);
    }));
  }
  return found;
}
