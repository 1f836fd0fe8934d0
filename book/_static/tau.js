// Two rankings side by side: swap neighbours or shuffle, and see which pairs cross and what tau is.
// The right ranking is an array: order[place] is the network, numbered by its true place.
(() => {
  const figure = document.querySelector(".tau-figure");
  if (!figure) return;
  const names = [..."ABCDEFGH"];
  const n = names.length;
  const pairs = (n * (n - 1)) / 2;
  const row = 38;
  const svgNamespace = "http://www.w3.org/2000/svg";
  let order = [0, 1, 2, 4, 3, 5, 7, 6];
  let history = [];

  const element = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };
  const shape = (tag, attributes) => {
    const made = document.createElementNS(svgNamespace, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const places = () => names.map((_, network) => order.indexOf(network));
  const crossings = () => {
    const at = places();
    const found = [];
    for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) if (at[a] > at[b]) found.push([a, b]);
    return found;
  };

  const board = element("div", { class: "tau-board" });
  const truth = element("ol", { class: "tau-ranks", "aria-label": "True ranking" });
  const score = element("ol", { class: "tau-ranks", "aria-label": "Ranking by score" });
  const lines = shape("svg", { viewBox: `0 0 200 ${n * row}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const swaps = element("div", { class: "tau-swaps" });
  const said = element("p", { class: "tau-said", role: "status" });
  const trace = shape("svg", { class: "tau-trace", viewBox: "0 0 320 84", role: "img" });
  const controls = element("div", { class: "tau-controls" });

  const swap = (place) => {
    [order[place], order[place + 1]] = [order[place + 1], order[place]];
    draw();
  };
  const actions = {
    "Swap two neighbours": () => swap(Math.floor(Math.random() * (n - 1))),
    Shuffle: () => {
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(Math.random() * (i + 1));
        [order[i], order[j]] = [order[j], order[i]];
      }
      draw();
    },
    Reverse: () => { order.reverse(); draw(); },
    "Start again": () => { order = names.map((_, network) => network); history = []; draw(); },
  };
  for (const [text, act] of Object.entries(actions)) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", act);
    controls.append(button);
  }
  for (let place = 0; place + 1 < n; place++) {
    const button = element("button", { type: "button" }, "⇅");
    button.addEventListener("click", () => swap(place));
    swaps.append(button);
  }

  function draw() {
    const at = places();
    const crossed = crossings();
    const tau = 1 - (2 * crossed.length) / pairs;
    history = [...history, tau].slice(-40);
    const count = names.map((_, network) => crossed.filter((pair) => pair.includes(network)).length);
    truth.replaceChildren(...names.map((name) => element("li", {}, name)));
    score.replaceChildren(...order.map((network) => element("li", {}, names[network])));
    lines.replaceChildren(...names.map((_, network) => shape("line", {
      x1: 4, y1: (network + 0.5) * row, x2: 196, y2: (at[network] + 0.5) * row,
      stroke: count[network] ? "var(--mark)" : "var(--accent)", "stroke-width": 1 + count[network] / 3,
      "vector-effect": "non-scaling-stroke",
    })));
    [...swaps.children].forEach((button, place) => button.setAttribute(
      "aria-label", `Swap ${names[order[place]]} and ${names[order[place + 1]]}`));
    const first = names[order[0]];
    const value = tau.toFixed(2).replace("-", "−");
    said.textContent = `τ = ${value}. ${crossed.length} of ${pairs} pairs are ordered differently. `
      + `The score's first choice, ${first}, is truly number ${order[0] + 1}.`;
    const step = 300 / Math.max(history.length - 1, 1);
    const points = history.map((each, i) => `${(10 + i * step).toFixed(1)},${(42 - 32 * each).toFixed(1)}`);
    trace.setAttribute("aria-label", `Tau after each of the last ${history.length} steps; now ${value}`);
    trace.replaceChildren(
      shape("line", { x1: 10, y1: 42, x2: 310, y2: 42, stroke: "var(--rule-strong)", "stroke-dasharray": "3 3" }),
      shape("polyline", { points: points.join(" "), fill: "none", stroke: "var(--accent)", "stroke-width": 2 }),
      shape("circle", { cx: points.at(-1).split(",")[0], cy: points.at(-1).split(",")[1], r: 4, fill: "var(--accent)" }),
      ...[["1", 14], ["0", 46], ["−1", 78]].map(([text, y]) => {
        const label = shape("text", { x: 318, y, "text-anchor": "end", "font-size": 11, fill: "currentColor" });
        label.textContent = text;
        return label;
      }),
    );
  }

  const heads = element("div", { class: "tau-heads", "aria-hidden": "true" });
  heads.append(element("span", {}, "truth"), element("span", {}, "score"));
  board.append(truth, lines, score, swaps);
  figure.replaceChildren(heads, board, controls, said, trace);
  draw();
})();
