// Tables sort: click (or press Enter on) a column's heading. Numbers sort by value, the rest as text.
document.addEventListener("DOMContentLoaded", () => {
  const value = (row, column) => {
    const text = row.cells[column]?.textContent.trim() ?? "";
    const number = parseFloat(text.replace(/[,\s\u00a0\u202f]/g, "").replace(/^\u2212/, "-"));
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

  for (const table of document.querySelectorAll("table.sortable, .sortable > table, table.dataframe")) {
    const body = table.tBodies[0];
    const heading = table.tHead?.rows;
    const spans = [...table.querySelectorAll("th, td")].some((c) => c.rowSpan > 1 || c.colSpan > 1);
    if (!body || body.rows.length < 3 || heading?.length !== 1 || spans) continue;

    [...heading[0].cells].forEach((cell, column) => {
      if (!cell.textContent.trim()) return;
      const sort = () => {
        const up = cell.getAttribute("aria-sort") !== "ascending";
        const rows = [...body.rows];
        rows.sort((a, b) => (up ? 1 : -1) * compare(value(a, column), value(b, column)));
        body.append(...rows);
        for (const other of heading[0].cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      };
      cell.classList.add("sortable");
      cell.tabIndex = 0;
      cell.addEventListener("click", sort);
      cell.addEventListener("keydown", (event) => event.key === "Enter" && sort());
    });
  }
});
