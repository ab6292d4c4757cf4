import { html } from '../../miniapp/lib/html.js';
export const Log = () => html``;
