"use strict";
{
  const form = document.getElementById("filter");
  if (form) {
    const rows = Array.from(document.querySelectorAll("#findings tbody tr"), (row) => ({
      row,
      text: row.textContent.toLowerCase(),
    }));
    const shown = document.getElementById("shown");
    const show = () => {
      const words = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rule = form.elements.rule.value;
      const severity = form.elements.severity.value;
      let count = 0;
      for (const { row, text } of rows) {
        const fits =
          (!rule || row.dataset.rule === rule) &&
          (!severity || row.dataset.severity === severity) &&
          words.every((word) => text.includes(word));
        row.hidden = !fits;
        count += fits ? 1 : 0;
      }
      shown.textContent = `${count} of ${rows.length} shown`;
    };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  }
  document.documentElement.dataset.script = "ready";
}
