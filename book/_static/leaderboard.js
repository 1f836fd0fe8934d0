// The leaderboard's chooser: of a benchmark and a number of labels, the methods as bars, best first.
// The figures are in the page; without this script a picture stands there.
document.addEventListener("DOMContentLoaded", () => {
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const unique = (values) => [...new Set(values)];

  document.querySelectorAll(".leaderboard[data-figures]").forEach((place, number) => {
    const figures = JSON.parse(place.dataset.figures);
    if (!figures.length) return;
    const benchmarks = element("select", { id: `leaderboard-benchmark-${number}` });
    const labels = element("select", { id: `leaderboard-labels-${number}` });
    const list = element("ol");
    const said = element("p", { ariaLive: "polite" });

    const fill = (select, values) => {
      const before = select.value;
      select.replaceChildren(...values.map((value) => element("option", { value }, String(value))));
      if (values.map(String).includes(before)) select.value = before;
    };
    const sizes = () => {
      const of = figures.filter((each) => each.benchmark === benchmarks.value && each.labels > 0);
      fill(labels, unique(of.map((each) => each.labels)).sort((a, b) => a - b));
    };
    const draw = () => {
      // Methods that learn no labels are in every ranking.
      const shown = figures
        .filter((each) => each.benchmark === benchmarks.value)
        .filter((each) => each.labels === 0 || each.labels === Number(labels.value))
        .sort((a, b) => b.tau - a.tau);
      list.replaceChildren(
        ...shown.map((each) => {
          const bar = element("span");
          bar.style.cssText = `display: inline-block; height: .7em; background: #332288;
            border: 1px solid currentColor; width: ${Math.max(0, 40 * each.tau)}%; margin-right: .5em`;
          const note = `τ ${each.tau.toFixed(3)}, ${each.seconds} s${each.labels ? "" : ", no labels"}`;
          return element("li", {}, element("div", {}, each.method), bar, element("small", {}, note));
        }),
      );
      said.textContent = shown.length
        ? `${shown[0].method} ranks best of ${shown.length} methods.`
        : "No method has a figure here.";
    };

    fill(benchmarks, unique(figures.map((each) => each.benchmark)));
    sizes();
    benchmarks.addEventListener("change", () => { sizes(); draw(); });
    labels.addEventListener("change", draw);
    const choice = (text, select) =>
      element("p", {}, element("label", { htmlFor: select.id }, `${text} `), select);
    place.replaceChildren(
      choice("Benchmark", benchmarks), choice("Labels", labels), said, list,
    );
    draw();
  });
});
