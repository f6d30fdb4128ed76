// Small drawings: a desirability curve over a histogram, a predicted value with its interval, a learning curve.

import { format, makeSvg } from "./dom.js";

const WIDTH = 320;
const HEIGHT = 96;
const LEFT = 6;
const BOTTOM = 16;

export function drawGoal(curve, histogram, marks) {
  const low = curve.x[0];
  const high = curve.x[curve.x.length - 1];
  const toX = (value) => LEFT + ((value - low) / (high - low)) * (WIDTH - 2 * LEFT);
  const toY = (share) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 8);
  const parts = [];
  if (histogram) {
    const most = Math.max(...histogram.counts, 1);
    histogram.counts.forEach((count, k) => {
      const [from, to] = [toX(histogram.edges[k]), toX(histogram.edges[k + 1])];
      const top = toY(0.92 * (count / most));
      if (count && to > 0 && from < WIDTH) {
        parts.push(makeSvg("rect", { x: from, y: top, width: Math.max(to - from - 0.5, 0.5), height: toY(0) - top, class: "bar" }));
      }
    });
  }
  for (const mark of marks) parts.push(makeSvg("line", { x1: toX(mark), x2: toX(mark), y1: 2, y2: toY(0), class: "mark" }));
  const points = curve.x.map((x, k) => `${toX(x).toFixed(1)},${toY(curve.y[k]).toFixed(1)}`).join(" ");
  parts.push(makeSvg("polyline", { points, class: "curve" }));
  parts.push(makeSvg("line", { x1: LEFT, x2: WIDTH - LEFT, y1: toY(0), y2: toY(0), class: "axis" }));
  parts.push(write(format(low), LEFT, HEIGHT - 3, "start"), write(format(high), WIDTH - LEFT, HEIGHT - 3, "end"));
  return makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "goal-chart", role: "img", "aria-label": "desirability curve over the training set" }, ...parts);
}

// The bar of a predicted value between the ends of the usual range, with its interval or spread as a whisker.
export function drawValue(figures, endpoint, tone) {
  const [low, high] = [endpoint.low, endpoint.high];
  const toX = (value) => 2 + Math.min(Math.max((value - low) / (high - low), 0), 1) * 116;
  const isInterval = figures.low !== null;
  const from = isInterval ? figures.low : figures.value - (figures.std ?? 0);
  const to = isInterval ? figures.high : figures.value + (figures.std ?? 0);
  return makeSvg(
    "svg",
    { viewBox: "-4 0 128 16", class: "value-chart", "aria-hidden": "true" },
    makeSvg("rect", { x: 0, y: 6, width: 120, height: 4, rx: 2, class: "track" }),
    makeSvg("rect", { x: toX(from), y: 5, width: Math.max(toX(to) - toX(from), 1), height: 6, rx: 2, class: "spread" }),
    makeSvg("circle", { cx: toX(figures.value), cy: 8, r: 5, class: `dot ${tone}` }),
  );
}

export function drawLine(values, budget) {
  const toX = (calls) => 4 + (calls / budget) * 232;
  const points = values.map(([calls, level]) => `${toX(calls).toFixed(1)},${(56 - level * 50).toFixed(1)}`).join(" ");
  return makeSvg(
    "svg",
    { viewBox: "0 0 240 60", class: "learning-chart", role: "img", "aria-label": "mean score of the ten best molecules" },
    makeSvg("line", { x1: 4, x2: 236, y1: 56, y2: 56, class: "axis" }),
    makeSvg("line", { x1: 4, x2: 236, y1: 6, y2: 6, class: "mark" }),
    makeSvg("polyline", { points, class: "curve" }),
  );
}

function write(text, x, y, anchor) {
  return makeSvg("text", { x, y, "text-anchor": anchor, class: "tick" }, text);
}
