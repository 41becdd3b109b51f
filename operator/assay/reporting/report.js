"use strict";
// Draws the charts and the table of trials. All text goes in as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  const drawing = Object.entries(data.charts).map(([id, specification]) =>
    vegaEmbed(document.getElementById(id), specification, { renderer: "svg", actions: false, tooltip: { theme: "custom" } }));
  Promise.all(drawing).then(
    () => { document.documentElement.dataset.drawn = String(drawing.length); },
    (error) => { console.error(error); });

  // A table that is wider than the screen says so above itself, and can be scrolled by the keyboard.
  const fitted = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const box = target.closest(".box");
      const wide = box.scrollWidth > box.clientWidth + 1;
      box.previousElementSibling.hidden = !wide;
      if (wide) box.tabIndex = 0; else box.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll(".box")) {
    const hint = document.createElement("p");
    hint.className = "scrolls";
    hint.hidden = true;
    hint.textContent = "The table goes on to the right: scroll it sideways. →";
    box.before(hint);
    fitted.observe(box);
    fitted.observe(box.firstElementChild);
  }

  const PAGE = 100;
  const table = document.getElementById("trials-table");
  if (!table) return;
  const { hypotheses, arms, rows, messages, decimals } = data.trials;
  const shownScore = (value) => (Math.abs(value) < 1e6 ? value.toFixed(decimals) : value.toExponential(3));
  const of = (list, place) => (place === null ? "" : list[place]);
  // What is shown and what is sorted by, column by column; a missing value comes last in either direction.
  const columns = [
    (row) => of(hypotheses, row[0]),
    (row) => of(arms, row[1]),
    (row) => row[2],
    (row) => row[3],
    (row) => row[4],
    (row) => row[5],
    (row) => of(messages, row[6]),
  ];
  const number = new Set([2, 3, 4]);
  const body = table.tBodies[0];
  const more = document.getElementById("trials-more");
  const said = document.getElementById("trials-count");
  const text = document.getElementById("trials-text");
  const arm = document.getElementById("trials-arm");
  const state = document.getElementById("trials-state");
  let sorted = { column: null, sign: 1 }, shown = PAGE;

  const chosen = () => {
    const wanted = text.value.trim().toLowerCase();
    const found = rows.filter((row) =>
      (arm.value === "" || of(arms, row[1]) === arm.value) &&
      (state.value === "" || row[5] === state.value) &&
      (wanted === "" || columns.some((column) => String(column(row) ?? "").toLowerCase().includes(wanted))));
    if (sorted.column !== null) {
      const value = columns[sorted.column];
      found.sort((left, right) => {
        const [a, b] = [value(left), value(right)];
        if (a === null || b === null) return (a === null) - (b === null);
        return sorted.sign * (typeof a === "number" ? a - b : a.localeCompare(b));
      });
    }
    return found;
  };

  const draw = () => {
    const found = chosen();
    body.replaceChildren(...found.slice(0, shown).map((row) => {
      const line = document.createElement("tr");
      columns.forEach((column, place) => {
        const cell = document.createElement("td");
        const value = column(row);
        cell.textContent = value === null ? "–" : place === 3 ? shownScore(value) : place === 4 ? value.toFixed(2) : String(value);
        if (number.has(place)) cell.className = "number";
        if (place === 6) cell.className = "text";
        if (place === 5) cell.className = value === "failed" ? "failure" : "quiet";
        line.append(cell);
      });
      return line;
    }));
    said.textContent = `${Math.min(shown, found.length)} of ${found.length} trials`;
    more.hidden = found.length <= shown;
  };

  table.tHead.querySelectorAll("th").forEach((head, place) => {
    head.querySelector("button").addEventListener("click", () => {
      sorted = { column: place, sign: sorted.column === place ? -sorted.sign : 1 };
      table.tHead.querySelectorAll("th").forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sorted.sign > 0 ? "ascending" : "descending");
      draw();
    });
  });
  for (const control of [text, arm, state]) control.addEventListener("input", () => { shown = PAGE; draw(); });
  more.addEventListener("click", () => { shown += 5 * PAGE; draw(); });
  draw();
})();
