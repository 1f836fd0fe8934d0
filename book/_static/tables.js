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
});
