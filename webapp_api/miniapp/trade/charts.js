// What we use of the chart's library, so that nothing else of it is sent.
export { CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries } from 'lightweight-charts';
