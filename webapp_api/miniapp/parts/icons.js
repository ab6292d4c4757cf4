// Pictures of a line, drawn in the colour of the text beside them.
import { html } from '../lib/html.js';

const PATHS = {
  markets: 'M4 19V9m5.3 10V5m5.4 14v-7M20 19V7',
  trade: 'M7 4v3m0 9v4M5 7h4v9H5zM17 3v4m0 7v6M15 7h4v7h-4z',
  portfolio: 'M3.5 7.5h17v12h-17zM3.5 7.5 15 4v3.5M16 13.5h1.5',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8c.8-3.6 3.7-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  star: 'm12 4 2.5 5.2 5.5.8-4 4 1 5.7-5-2.7-5 2.7 1-5.7-4-4 5.5-.8z',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5',
  down: 'm6 9 6 6 6-6',
  right: 'm9 6 6 6-6 6',
  back: 'm15 5-7 7 7 7',
  close: 'm6 6 12 12M18 6 6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  out: 'M14 4h6v6m0-6-9 9M10 5H4v15h15v-6',
  deposit: 'M12 4v11m-5-5 5 5 5-5M5 20h14',
  withdraw: 'M12 15V4M7 9l5-5 5 5M5 20h14',
  shield: 'M12 3.5 5 6v5.5c0 4.2 2.8 7.4 7 9 4.2-1.6 7-4.8 7-9V6zM9 12l2.2 2.2L15 10',
  edit: 'M5 19v-3.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5',
  list: 'M5 7h14M5 12h14M5 17h9',
  file: 'M7 3.5h7l4 4V20.5H7zM14 3.5v4h4M12.5 11v6m-2.5-2.5 2.5 2.5 2.5-2.5',
  key: 'M14.5 13.5a4.5 4.5 0 1 0-4-2.3L4 17.5V20h3v-2h2v-2l2.2-2.2a4.5 4.5 0 0 0 3.3-.3ZM16 8h.01',
  devices: 'M4 5h13v10H4zM2.5 18h10M15 10h6v9h-6z',
  wallet: 'M4 6.5h14v3M4 6.5v12h16v-9H6a2 2 0 0 1-2-3Zm12 8h.01',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7v5l3.5 2',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{name: IconName, full?: boolean}} props */
export const Icon = ({ name, full = false }) => html`
  <svg class=${full ? 'icon full' : 'icon'} viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
