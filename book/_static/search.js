// Replays two recorded searches of NAS-Bench-201: a dot for each query, the cell, the best so far.
(() => {
  const figure = document.querySelector(".search-figure");
  if (!figure) return;
  const record = JSON.parse(document.getElementById("search-record").textContent);
  const names = Object.keys(record.searches);
  const total = record.searches[names[0]].length;
  const short = ["none", "skip", "1×1", "3×3", "pool"];
  const edges = [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]];
  const floor = 84; // the axis begins here; poorer cells lie on its edge
  let shown = 0;
  let timer = null;
  let search = names.at(-1);

  const element = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };
  const shape = (tag, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };

  const choice = element("select", { "aria-label": "Search" });
  for (const name of [...names].reverse()) choice.append(element("option", {}, name));
  const slider = element("input", { type: "range", min: 1, max: total, value: 1, "aria-label": "Query" });
  const play = element("button", { type: "button" }, "Play");
  const controls = element("div", { class: "tau-controls" });
  controls.append(choice, play, slider);
  const chart = shape("svg", { viewBox: "0 0 400 190", role: "img" });
  const cell = shape("svg", { viewBox: "0 0 400 150", role: "img" });
  const said = element("p", { class: "tau-said", role: "status" });

  const x = (query) => 34 + (query * 356) / (total - 1);
  const y = (accuracy) => 172 - ((Math.max(accuracy, floor) - floor) * 160) / (record.best - floor + 0.3);

  function bestOf(queries) {
    return queries.reduce((best, each, i) => (each[1] > queries[best][1] ? i : best), 0);
  }

  function drawChart(queries) {
    const parts = [];
    for (let tick = floor; tick <= record.best; tick += 2) {
      parts.push(
        shape("line", { x1: 30, x2: 394, y1: y(tick), y2: y(tick), stroke: "var(--rule)" }),
        shape("text", { x: 24, y: y(tick) + 4, "text-anchor": "end", "font-size": 11, fill: "currentColor" }, tick),
      );
    }
    parts.push(shape("line", {
      x1: 30, x2: 394, y1: y(record.best), y2: y(record.best), stroke: "var(--mark)", "stroke-dasharray": "4 3",
    }));
    queries.forEach((query, i) => parts.push(shape("circle", {
      cx: x(i), cy: y(query[2]), r: i === queries.length - 1 ? 5 : 2.4, fill: "var(--accent)",
      opacity: i === queries.length - 1 ? 1 : 0.55,
    })));
    const line = queries.map((_, i) => `${x(i).toFixed(1)},${y(queries[bestOf(queries.slice(0, i + 1))][2]).toFixed(1)}`);
    parts.push(shape("polyline", { points: line.join(" "), fill: "none", stroke: "currentColor", "stroke-width": 1.5 }));
    chart.replaceChildren(...parts);
  }

  function drawCell(code) {
    const node = (i) => 40 + i * 106;
    const parts = [];
    edges.forEach(([from, to], i) => {
      const op = Number(code[i]);
      if (op === 0) return;
      const bend = { "0-2": -44, "1-3": 44, "0-3": 70 }[`${from}-${to}`] ?? 0;
      const [start, end] = [node(from), node(to)];
      const isConvolution = op === 2 || op === 3;
      parts.push(shape("path", {
        d: `M${start} 70Q${(start + end) / 2} ${70 + 1.55 * bend} ${end} 70`, fill: "none",
        stroke: isConvolution ? "var(--accent)" : "var(--rule-strong)", "stroke-width": isConvolution ? 2.5 : 1.5,
      }));
      parts.push(shape("text", {
        x: (start + end) / 2, y: 70 + 0.78 * bend + (bend > 0 ? 14 : -5), "text-anchor": "middle",
        "font-size": 12, fill: "currentColor",
      }, short[op]));
    });
    ["in", "1", "2", "out"].forEach((name, i) => parts.push(
      shape("circle", { cx: node(i), cy: 70, r: 15, fill: "var(--paper)", stroke: "currentColor" }),
      shape("text", { x: node(i), y: 74, "text-anchor": "middle", "font-size": 12, fill: "currentColor" }, name),
    ));
    cell.replaceChildren(...parts);
    const words = edges.map(([from, to], i) => `${from} to ${to} ${short[Number(code[i])]}`);
    cell.setAttribute("aria-label", `The cell of this query: ${words.join(", ")}`);
  }

  function draw() {
    const queries = record.searches[search].slice(0, shown + 1);
    const [code, valid, test] = queries.at(-1);
    const best = bestOf(queries);
    drawChart(queries);
    drawCell(code);
    slider.value = shown + 1;
    slider.setAttribute("aria-valuetext", `Query ${shown + 1} of ${total}`);
    chart.setAttribute("aria-label", `${search}: test accuracy of the first ${shown + 1} cells, and of the best so far`);
    said.textContent = `Query ${shown + 1} of ${total}: ${valid.toFixed(1)} % on validation, ${test.toFixed(1)} % on test. `
      + `Best by validation so far: query ${best + 1}, ${queries[best][2].toFixed(2)} % on test; `
      + `the best of the table has ${record.best.toFixed(2)} %.`;
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    said.setAttribute("role", "status");
  }
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (shown === total - 1) shown = 0;
    play.textContent = "Pause";
    said.removeAttribute("role"); // while it plays, nothing is read aloud
    timer = setInterval(() => {
      shown += 1;
      draw();
      if (shown === total - 1) stop();
    }, 120);
  });
  slider.addEventListener("input", () => { stop(); shown = slider.value - 1; draw(); });
  choice.addEventListener("change", () => { stop(); search = choice.value; draw(); });
  figure.replaceChildren(controls, chart, cell, said);
  shown = 29;
  draw();
})();
