/* How the search of the site orders what it finds: Sphinx's own scores, and more for headings that hold words of the
   query. Without this, a page that mentions a word often comes before the question that asks for it. */
const asked = (new URLSearchParams(window.location.search).get("q") || "").toLowerCase().match(/[\p{L}\p{N}_@]{3,}/gu) || [];
var Scorer = {
  score: ([docname, title, anchor, description, score, filename, kind]) => {
    const heading = title.toLowerCase();
    const held = asked.filter((word) => heading.includes(word)).length;
    return score + 4 * held + (kind === "title" && anchor ? 10 : 0);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
