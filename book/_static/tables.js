// Tables sort: click (or press Enter on) a column's heading. Numbers sort by value, the rest as text,
// and cells without a value stay last.
document.addEventListener("DOMContentLoaded", () => {
  const value = (row, column) => {
    const text = row.cells[column]?.textContent.trim() ?? "";
    const number = parseFloat(text.replace(/[,\s\u00a0\u202f]/g, "").replace(/^\u2212/, "-"));
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

  const sortables = "table.sortable, .sortable > table, .cell_output table";
  for (const table of document.querySelectorAll(sortables)) {
    const body = table.tBodies[0];
    // Of several rows of headings the last one names the columns.
    const heading = table.tHead && [...table.tHead.rows].at(-1);
    if (!body || body.rows.length < 3 || !heading) continue;
    const cells = [...heading.cells, ...body.querySelectorAll("th, td")];
    if (cells.some((cell) => cell.rowSpan > 1 || cell.colSpan > 1)) continue;
    if (heading.cells.length !== body.rows[0].cells.length) continue;

    [...heading.cells].forEach((cell, column) => {
      if (!cell.textContent.trim()) return;
      const sort = () => {
        const up = cell.getAttribute("aria-sort") !== "ascending";
        const rows = [...body.rows];
        rows.sort((a, b) => {
          const [x, y] = [value(a, column), value(b, column)];
          return (x === "") - (y === "") || (up ? 1 : -1) * compare(x, y);
        });
        body.append(...rows);
        for (const other of heading.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      };
      cell.classList.add("sortable");
      cell.tabIndex = 0;
      cell.addEventListener("click", sort);
      cell.addEventListener("keydown", (event) => event.key === "Enter" && sort());
    });
  }

  // Each table scrolls in a frame of its own. Where that is too narrow, an edge shows that there
  // is more, and the keyboard can scroll; on a phone, a table with one row of headings becomes cards.
  const frames = [];
  const wide = ".bd-article table:is(.table, .cell_output table)";
  for (const table of document.querySelectorAll(wide)) {
    const frame = document.createElement("div");
    frame.className = "table-scroll";
    table.before(frame);
    frame.append(table);
    frames.push(frame);
    const headings = table.tHead ? [...table.tHead.rows] : [];
    if (headings.length !== 1) continue;
    for (const row of table.tBodies[0]?.rows ?? []) {
      [...row.cells].forEach((cell, i) => {
        cell.dataset.label = headings[0].cells[i]?.textContent.trim() ?? "";
      });
    }
  }
  const phone = window.matchMedia("(max-width: 600px)");
  const fit = (frame) => {
    const table = frame.querySelector("table");
    table.classList.remove("cards");
    const isWide = () => frame.scrollWidth > frame.clientWidth + 1;
    if (phone.matches && table.tHead?.rows.length === 1 && isWide()) table.classList.add("cards");
    const goesOn = isWide();
    frame.classList.toggle("goes-on", goesOn);
    if (goesOn) {
      frame.tabIndex = 0;
      frame.setAttribute("role", "region");
      frame.setAttribute("aria-label", `Table ${frames.indexOf(frame) + 1}, scrolls sideways`);
    } else for (const name of ["tabindex", "role", "aria-label"]) frame.removeAttribute(name);
  };
  const fitAll = () => frames.forEach(fit);
  fitAll();
  window.addEventListener("resize", fitAll);
  document.addEventListener("toggle", (event) => {
    event.target.querySelectorAll?.(".table-scroll").forEach(fit);
  }, true);
  document.addEventListener("scroll", (event) => {
    const frame = event.target;
    if (!frames.includes(frame)) return;
    const isAtEnd = frame.scrollLeft + frame.clientWidth > frame.scrollWidth - 2;
    frame.classList.toggle("goes-on", !isAtEnd);
  }, true);

  // The theme names its search button otherwise than it reads.
  for (const button of document.querySelectorAll(".search-button-field")) button.removeAttribute("aria-label");
});
