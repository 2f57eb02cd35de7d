// Draws the chart of the overview, and shows how far a file has been sent. Pages work without it.
"use strict";
(() => {
  const SERIES = [["sent", "#0172ad"], ["delivered", "#0b8a45"], ["failed", "#c62828"], ["unknown", "#b26a00"]];

  function draw() {
    const place = document.getElementById("chart");
    if (!place || !window.uPlot || place.firstChild) return;
    const ink = getComputedStyle(document.body).color;
    const axis = { stroke: ink, grid: { stroke: "#8884", width: 1 } };
    const options = {
      width: place.clientWidth,
      height: 220,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      series: [{}, ...SERIES.map(([label, stroke]) => ({ label, stroke, width: 2 }))],
      axes: [axis, axis],
      scales: { y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
    };
    new uPlot(options, JSON.parse(place.dataset.chart), place);
  }

  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", draw);
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = document.getElementById("progress");
    if (!bar || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.max = event.detail.total;
    bar.value = event.detail.loaded;
  });
  // A form that is refused comes back with its problems: 4xx pages are shown, too.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 400) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
})();
