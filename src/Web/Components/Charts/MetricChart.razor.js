// One ECharts canvas that grows by appended points. Everything about a chart's look is here; what it shows comes from MetricChart.razor.

const palettes = {
  light: {
    text: '#566074', strong: '#1b2330', line: '#e2e6ec', surface: '#ffffff', mark: '#7b8496', bad: '#c02f1d',
    train: '#2f5fd0', valid: '#c25a06', test: '#0f7a60',
    a: '#2f5fd0', b: '#c25a06', c: '#0f7a60', d: '#8a3fb0', e: '#b03060', f: '#5b6577',
  },
  dark: {
    text: '#a0abbd', strong: '#e6eaf1', line: '#2a323e', surface: '#191f28', mark: '#7b8699', bad: '#ff8672',
    train: '#84a9ff', valid: '#f0a35e', test: '#4fd1a5',
    a: '#84a9ff', b: '#f0a35e', c: '#4fd1a5', d: '#c99bf0', e: '#f28bb0', f: '#a0abbd',
  },
};

const formats = {
  number: v => Math.abs(v) >= 1e5 || (v !== 0 && Math.abs(v) < 1e-4) ? v.toExponential(2) : String(+v.toPrecision(5)),
  metric: v => v.toFixed(4),
  mebibytes: v => `${v < 10 ? +v.toPrecision(2) : Math.round(v).toLocaleString('en')} MiB`,
  seconds: v => v >= 1 ? `${+v.toFixed(2)} s` : `${+(v * 1000).toPrecision(3)} ms`,
};
const axisFormats = { ...formats, metric: v => String(+v.toFixed(4)) };

export function create(element, options) {
  return new MetricChart(element, options);
}

class MetricChart {
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.dark = options.dark;
    this.log = options.logY;
    this.points = options.series.map(() => []);
    this.missing = []; // [x, height, series name, value] where a value was NaN or infinite
    this.gaps = false;
    this.marked = null;
    this.pinned = null; // the x range a person zoomed to; null follows the data
    this.chart = echarts.init(element, null, { renderer: 'canvas' });
    if (options.together) {
      this.chart.group = options.together;
      echarts.connect(options.together);
    }
    this.chart.on('datazoom', () => this.rememberZoom());
    this.resizing = new ResizeObserver(() => { if (element.clientWidth > 0) { this.chart.resize(); this.chart.setOption({ grid: { top: this.top() } }); } });
    this.resizing.observe(element);
    this.onKey = event => this.key(event);
    element.addEventListener('keydown', this.onKey);
    this.drawAll();
  }

  append(bytes) {
    const numbers = new Float64Array(bytes.slice().buffer);
    const width = this.points.length + 1;
    for (let at = 0; at < numbers.length; at += width) {
      const x = numbers[at];
      for (let s = 0; s < this.points.length; s++) {
        const y = numbers[at + 1 + s];
        if (y === -Number.MAX_VALUE) { continue; } // MetricChart.Absent: nothing was measured there, which is no fault
        this.points[s].push([x, y]);
        if (!Number.isFinite(y)) { this.gaps = true; }
        if (!Number.isFinite(y) && this.options.markMissing) { this.missing.push([x, 0.03, this.options.series[s].name, String(y)]); }
      }
    }
    this.drawSoon();
  }

  removeAfter(x) {
    for (const list of [...this.points, this.missing]) {
      let end = list.length;
      while (end > 0 && list[end - 1][0] > x) { end--; }
      list.length = end;
    }
    if (this.marked && this.marked.x > x) { this.marked = null; }
    this.drawSoon();
  }

  mark(x, label, series) {
    this.marked = x === null ? null : { x, label, series };
    this.drawSoon();
  }

  setDark(dark) { this.dark = dark; this.drawAll(); }

  setLog(log) { this.log = log; this.drawAll(); }

  showAll() { this.zoomTo(null); }

  dispose() {
    this.disposed = true;
    this.resizing.disconnect();
    this.element.removeEventListener('keydown', this.onKey);
    this.chart.dispose();
  }

  // ---- drawing

  drawSoon() {
    if (this.waiting) { return; }
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (!this.disposed) { this.chart.setOption({ series: this.series(), dataZoom: this.zoom(), xAxis: { axisLabel: { customValues: this.depths() } } }); }
    });
  }

  drawAll() {
    const c = this.colors();
    const format = formats[this.options.format];
    // Memory and time from 0, else noise looks like growth.
    const fromZero = ['mebibytes', 'seconds'].includes(this.options.format);
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(this.element).fontFamily, color: c.text },
      grid: { left: 4, right: 10, top: this.top(), bottom: this.options.zoom ? 26 : 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      legend: {
        show: this.options.series.length > 1, top: 0, left: 0, itemWidth: 26, itemHeight: 8, itemGap: 14, textStyle: { color: c.text }, inactiveColor: c.line,
        data: this.options.series.map(s => s.name),
      },
      tooltip: {
        trigger: 'axis', confine: true, backgroundColor: c.surface, borderColor: c.line, textStyle: { color: c.strong, fontSize: 12 },
        axisPointer: { type: 'line', lineStyle: { color: c.mark } },
        formatter: rows => this.tooltip(rows, format),
      },
      xAxis: {
        // Depths double from one to the next: base 2 puts them at even steps.
        type: this.options.logX ? 'log' : 'value', logBase: 2, minInterval: 1,
        // A hair wider than the depths: rounding must not put the last one outside, where it gets no label.
        min: this.options.logX ? v => v.min * 0.9999 : 'dataMin', max: this.options.logX ? v => v.max * 1.0001 : 'dataMax',
        axisLine: { onZero: false, lineStyle: { color: c.line } }, axisTick: { show: false }, splitLine: { show: false },
        axisLabel: { color: c.text, hideOverlap: true, customValues: this.depths(), formatter: v => Math.abs(v - Math.round(v)) < 1e-6 * Math.abs(v) ? String(Math.round(v)) : '' },
      },
      yAxis: [
        {
          id: 'y', type: this.log ? 'log' : 'value', logBase: this.options.format === 'mebibytes' ? 2 : 10, scale: !fromZero, splitNumber: 4,
          axisLabel: { color: c.text, formatter: axisFormats[this.options.format], hideOverlap: true }, axisLine: { show: false }, axisTick: { show: false },
          splitLine: { lineStyle: { color: c.line } }, minorSplitLine: { show: false },
        },
        { id: 'bottom', type: 'value', min: 0, max: 1, show: false, axisLabel: { show: false } },
      ],
      dataZoom: this.zoom(),
      series: this.series(),
    });
  }

  // Below the legend, which takes as many rows as its names need: about 7 pixels a letter.
  top() {
    if (this.options.series.length < 2) { return 16; }
    const most = this.element.clientWidth || 360;
    let [rows, used] = [1, 0];
    for (const { name } of this.options.series) {
      const width = 26 + 5 + 14 + 7 * name.length;
      if (used > 0 && used + width > most) { [rows, used] = [rows + 1, 0]; }
      used += width;
    }
    return 22 + 20 * rows;
  }

  series() {
    const c = this.colors();
    const lines = this.options.series.map((line, s) => ({
      id: line.name, name: line.name, type: 'line', yAxisIndex: 0, connectNulls: false, sampling: 'minmax',
      symbol: line.symbols || this.points[s].length === 1 ? 'circle' : 'none', symbolSize: line.symbols ? 7 : 5,
      lineStyle: { width: 1.8, type: dash(line.dash), color: c[line.color] }, itemStyle: { color: c[line.color] },
      emphasis: { disabled: true }, step: this.options.steps ? 'end' : false,
      // ECharts stacks over categories alone: each area reaches from 0 to the sum up to its series, the highest drawn first.
      areaStyle: this.options.stacked ? { color: c[line.color], opacity: 1 } : undefined, z: this.options.stacked ? 2 + this.points.length - s : 2,
      // On a log scale a value of 0 or less has no place; like NaN it is a gap.
      data: this.options.stacked ? this.sums(s) : this.log || this.gaps ? this.points[s].map(p => Number.isFinite(p[1]) && (p[1] > 0 || !this.log) ? p : [p[0], '-']) : this.points[s],
      markLine: s === 0 ? this.markLine(c) : undefined,
      markPoint: this.markPoint(s, c),
    }));
    lines.push({
      id: 'missing', name: 'not a number', type: 'scatter', yAxisIndex: 1, symbol: 'triangle', symbolSize: 8, itemStyle: { color: c.bad },
      data: this.missing.map(m => [m[0], m[1]]), tooltip: { show: true }, z: 5,
    });
    return lines;
  }

  sums(s) {
    return this.points[s].map(([x], i) => [x, this.points.slice(0, s + 1).reduce((sum, points) => sum + (points[i]?.[1] ?? 0), 0)]);
  }

  // Depths are few, and no round numbers: each that was trained is named.
  depths() {
    return this.options.logX ? [...new Set(this.points.flat().map(p => p[0]))].sort((a, b) => a - b) : undefined;
  }

  markLine(c) {
    return {
      silent: true, symbol: 'none', animation: false, lineStyle: { color: c.mark, type: 'dashed', width: 1 },
      label: { formatter: this.marked?.label ?? '', color: c.text, position: 'end', rotate: 0, distance: 3, fontSize: 11 },
      data: this.marked ? [{ xAxis: this.marked.x }] : [],
    };
  }

  markPoint(s, c) {
    const point = this.marked && this.marked.series === s ? this.points[s].find(p => p[0] === this.marked.x) : undefined;
    return {
      silent: true, symbol: 'circle', symbolSize: 9, label: { show: false }, animation: false,
      itemStyle: { color: c.surface, borderColor: c[this.options.series[s].color], borderWidth: 2 },
      data: point && Number.isFinite(point[1]) ? [{ coord: point }] : [],
    };
  }

  tooltip(rows, format) {
    const list = Array.isArray(rows) ? rows : [rows];
    const x = list[0].value[0];
    const lines = this.options.series.map((s, index) => {
      const point = nearest(this.points[index], x);
      if (!point || point[0] !== x) { return ''; }
      const value = Number.isFinite(point[1]) ? format(point[1]) : String(point[1]);
      return `<tr><td>${list.find(r => r.seriesName === s.name)?.marker ?? ''}${escape(s.name)}</td><td style="text-align:right;padding-left:14px;font-variant-numeric:tabular-nums">${value}</td></tr>`;
    });
    return `<div style="font-weight:600">${escape(this.options.xName)} ${x}</div><table>${lines.join('')}</table>`;
  }

  colors() { return palettes[this.dark ? 'dark' : 'light']; }

  // ---- zoom: ECharts keeps it in percent, which would slide while points arrive; we keep what the person chose, in epochs

  zoom() {
    if (!this.options.zoom) { return []; }
    const c = this.colors();
    const range = this.pinned ? { startValue: this.pinned.from, endValue: this.pinned.to ?? this.last() } : { start: 0, end: 100 };
    return [
      { id: 'inside', type: 'inside', filterMode: 'filter', zoomOnMouseWheel: 'ctrl', moveOnMouseWheel: false, preventDefaultMouseMove: false, minValueSpan: 2, ...range },
      {
        id: 'slider', type: 'slider', filterMode: 'filter', height: 10, bottom: 4, showDetail: false, brushSelect: false, showDataShadow: false, minValueSpan: 2,
        borderColor: 'transparent', backgroundColor: c.line + '55', fillerColor: c.mark + '2a', handleStyle: { color: c.surface, borderColor: c.mark },
        emphasis: { handleStyle: { borderColor: c.train } }, moveHandleSize: 0, handleSize: '120%', ...range,
      },
    ];
  }

  rememberZoom() {
    const now = this.chart.getOption().dataZoom[0];
    const whole = now.start <= 0.01 && now.end >= 99.99;
    this.pin(whole ? null : { from: now.startValue, to: now.end >= 99.99 ? null : now.endValue });
  }

  pin(range) {
    this.pinned = range;
    this.element.closest('.chart')?.toggleAttribute('data-zoomed', range !== null);
  }

  zoomTo(range) {
    this.pin(range);
    const [first, last] = [this.first(), this.last()];
    this.chart.dispatchAction({ type: 'dataZoom', dataZoomIndex: 0, startValue: range?.from ?? first, endValue: range?.to ?? last });
  }

  key(event) {
    const [first, last] = [this.first(), this.last()];
    if (event.ctrlKey || event.metaKey || event.altKey || !this.options.zoom || last <= first) { return; }
    const [from, to] = [this.pinned?.from ?? first, this.pinned?.to ?? last];
    const span = to - from;
    const moves = {
      '+': [from + span / 4, to - span / 4], '=': [from + span / 4, to - span / 4],
      '-': [from - span / 2, to + span / 2],
      ArrowLeft: [from - span / 5, to - span / 5], ArrowRight: [from + span / 5, to + span / 5],
      0: [first, last],
    };
    const move = moves[event.key];
    if (!move) { return; }
    event.preventDefault();
    const width = Math.min(last - first, Math.max(2, move[1] - move[0]));
    const start = Math.min(Math.max(first, move[0]), last - width);
    this.zoomTo(width >= last - first ? null : { from: start, to: start + width });
  }

  first() { return this.points[0]?.[0]?.[0] ?? 0; }

  last() { return this.points[0]?.at(-1)?.[0] ?? 0; }
}

function dash(name) {
  return { dashed: [6, 3], dotted: [2, 3] }[name] ?? 'solid';
}

function nearest(list, x) {
  let low = 0, high = list.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][0] < x) { low = middle + 1; } else { high = middle; }
  }
  return list[low];
}

function escape(text) {
  return text.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
}
