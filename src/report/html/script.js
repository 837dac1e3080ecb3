"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const copy = byId("copy"), copied = byId("copied"), markdown = byId("markdown");
  if (copy && markdown) {
    const select = () => {
      const range = document.createRange();
      markdown.closest("details").open = true;
      range.selectNodeContents(markdown);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand("copy");
    };
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      let done = false;
      try {
        await navigator.clipboard.writeText(markdown.textContent);
        done = true;
      } catch {
        done = select();
      }
      copied.textContent = done ? "Copied." : "Not copied: it is at the foot of this page, to be selected by hand.";
    });
  }
  const filter = byId("filter"), row = byId("filter-row"), filtered = byId("filtered");
  if (filter) {
    row.hidden = false;
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      const all = document.querySelectorAll("[data-filterable]");
      let shown = 0;
      for (const one of all) {
        one.hidden = wanted !== "" && !one.textContent.toLowerCase().includes(wanted);
        shown += one.hidden ? 0 : 1;
      }
      filtered.textContent = wanted === "" ? "" : `${shown} of ${all.length} shown, on the whole page`;
    });
  }
  for (const figure of document.querySelectorAll("figure.timeline")) {
    const table = figure.parentElement.querySelector("table.data");
    const output = figure.querySelector("output");
    if (!table || !output) continue;
    const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const rows = new Map([...table.tBodies[0].rows].map((line) => [Number(line.dataset.column), line]));
    const columns = Number(table.dataset.columns);
    for (const chart of figure.querySelectorAll("svg")) {
      const width = chart.viewBox.baseVal.width;
      const left = Number(chart.dataset.left), right = width - Number(chart.dataset.right);
      chart.addEventListener("pointermove", (event) => {
        const box = chart.getBoundingClientRect();
        const x = ((event.clientX - box.left) / box.width) * width;
        const column = Math.floor(((x - left) / (right - left)) * columns);
        const line = rows.get(column);
        if (!line) {
          output.textContent = x < left || x > right ? "" : "no failure in this window";
          return;
        }
        const parts = [...line.cells].slice(1).map((cell, at) => [titles[at + 1], cell.textContent]);
        const told = parts.filter(([, n]) => n !== "0").map(([title, n]) => `${title} ${n}`);
        output.textContent = `${line.cells[0].textContent}: ${told.join(", ")}`;
      });
      chart.addEventListener("pointerleave", () => { output.textContent = ""; });
    }
  }
})();
