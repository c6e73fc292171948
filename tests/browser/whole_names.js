// Names of stages, such as train(challenger), that are broken over two lines: [] is good.
() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (!node.parentElement.checkVisibility() || node.parentElement.closest("svg")) continue;
    for (const name of node.data.matchAll(/\b(train|sft|adapt)\(\w{1,20}\)/g)) {
      const range = document.createRange();
      range.setStart(node, name.index);
      range.setEnd(node, name.index + name[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      const where = node.parentElement.closest("[id]");
      if (lines.size > 1) found.push(`${name[0]} in ${node.parentElement.tagName.toLowerCase()} of #${where ? where.id : ""}`);
    }
  }
  return found;
}
